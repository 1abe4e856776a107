"""An account as the file has it, put back into a new queue: what waited goes on, and what was on
its way is sent again.

Times in the file are of the world that was; the new world has to begin no earlier than that ended.
"""

from collections.abc import Iterable
from typing import Any

from emulator.qstash.coded import decode
from emulator.qstash.file import QueueFile
from emulator.qstash.flow import Lane
from emulator.qstash.kept import prune
from emulator.qstash.kept_runs import run_of, waiter_of
from emulator.qstash.message import DeadLetter, LogEntry, Message, State
from emulator.qstash.queues import MessageQueue
from emulator.qstash.schedules import Schedule
from emulator.qstash.service import QStash
from emulator.qstash.topics import Endpoint, UrlGroup

_MESSAGES = (
    "SELECT id, run, name, publish, body, caller_ip, created_ms, dedup_key, generation, source,"
    " reports_on, state, retried, cancel_requested, due, ended, place FROM messages WHERE account=?"
    " ORDER BY seq"
)
_LOG = (
    "SELECT time_ms, number, message, state, next_ms, reply, error FROM log WHERE account=?"
    " ORDER BY time_ms, number"
)
_DEAD = "SELECT time_ms, number, message, reply FROM dead WHERE account=? ORDER BY time_ms, number"


def restore(file: QueueFile, account: str, queue: QStash) -> None:
    """Put into a queue that has nothing yet what the file has of this account."""
    prune(file, account, queue)
    _restore_settings(file, account, queue)
    messages: dict[str, Message] = {}
    reported: dict[str, str] = {}
    publishes = _Decoded()
    for row in file.read(_MESSAGES, account):
        message, reports_on = _message(row, queue, publishes)
        messages[message.id] = message
        if reports_on:
            reported[message.id] = reports_on
    _restore_runs(file, account, queue, messages)
    for message_id, source in reported.items():
        messages[message_id].reports_on = messages.get(source)
    engine = queue.engine
    for time_ms, number, message_id, state, next_ms, reply, error in _rows(file, _LOG, account):
        found = messages.get(message_id)
        if found is not None:
            answered = None if reply is None else decode(reply)
            entry = LogEntry(time_ms, found, State(state), next_ms, answered, error)
            engine.log.put_back((time_ms, number), entry)
    for time_ms, number, message_id, reply in _rows(file, _DEAD, account):
        found = messages.get(message_id)
        if found is not None:
            place = (time_ms, number)
            engine.dead.put_back(place, DeadLetter(place, found, decode(reply)))
    for schedule_id, value in _settings(file, account, "schedule"):
        queue.intake.schedules.put_back(_schedule(account, schedule_id, value, messages))
    engine.take_back(list(messages.values()))


def _rows(file: QueueFile, question: str, *values: object) -> Iterable[Any]:
    return file.read(question, *values)


def _settings(file: QueueFile, account: str, kind: str) -> Iterable[tuple[str, Any]]:
    question = "SELECT id, value FROM settings WHERE account=? AND kind=? ORDER BY place"
    return [(name, decode(value)) for name, value in _rows(file, question, account, kind)]


class _Decoded(dict[str, Any]):
    """Values by their texts, each made once."""

    def __missing__(self, text: str) -> Any:
        value = self[text] = decode(text)
        return value


def _message(row: Any, queue: QStash, publishes: _Decoded) -> tuple[Message, str]:
    (id, run, name, publish, body, ip, created_ms, dedup_key, generation, source) = row[:10]
    (reports_on, state, retried, cancel_requested, due, ended, place) = row[10:]
    clock = queue.kernel.clock
    began = clock.unix - clock.now
    message = Message(
        id=id,
        # What it worked for is gone, and its name may be given again.
        name=f"run{run}.{name}",
        publish=publishes[publish],
        content=body,
        caller_ip=ip,
        created_ms=created_ms,
        dedup_key=dedup_key,
        roots=(),
        generation=generation,
        routes=(),
        entry=-1,
        source=source,
        state=State(state),
        retried=retried,
        cancel_requested=bool(cancel_requested),
        due=due - began,
        ended_at=None if ended is None else ended - began,
        place=place,
    )
    return message, reports_on


def _restore_settings(file: QueueFile, account: str, queue: QStash) -> None:
    clock = queue.kernel.clock
    began = clock.unix - clock.now
    for name, (parallelism, created_ms, updated_ms, paused) in _settings(file, account, "queue"):
        one = MessageQueue(name, created_ms, parallelism=parallelism)
        one.updated_ms, one.paused = updated_ms, paused
        queue.engine.queues.put_back(one)
    for name, (created_ms, updated_ms, endpoints, headers) in _settings(file, account, "group"):
        known = [Endpoint(url, label) for url, label in endpoints]
        queue.groups.put_back(UrlGroup(name, created_ms, updated_ms, known, headers))
    for key, value in _settings(file, account, "lane"):
        lane = Lane(key, clock.now)
        lane.parallelism, lane.rate, lane.period_s = value[:3]
        lane.period_start = value[3] - began
        lane.started, lane.paused, lane.pinned_parallelism, lane.pinned_rate = value[4:]
        queue.engine.traffic.put_back(lane)
    for _, (current, following, rotations) in _settings(file, account, "keys"):
        keys = queue.keys
        keys.current, keys.next, keys.rotations = current, following, rotations


def _restore_runs(
    file: QueueFile, account: str, queue: QStash, messages: dict[str, Message]
) -> None:
    runs = queue.engine.runs
    for run_id, value in _settings(file, account, "run"):
        runs.put_back(run_of(account, run_id, value))
    for message in messages.values():
        runs.rejoin(message)
    for message_id, value in _settings(file, account, "waiter"):
        if message_id in messages:
            runs.wait_on(waiter_of(messages[message_id], value))


def _schedule(account: str, schedule_id: str, value: Any, messages: dict[str, Message]) -> Schedule:
    (destination, cron, fields, body, shown, caller_ip, created_ms, generation) = value[:8]
    (paused, error, next_unix, last_ms, last) = value[8:]
    return Schedule(
        id=schedule_id,
        name=f"{account}.{schedule_id}",
        destination=destination,
        cron=cron,
        fields=fields,
        body=body,
        shown=shown,
        caller_ip=caller_ip,
        created_ms=created_ms,
        generation=generation,
        paused=paused,
        error=error,
        next_unix=next_unix,
        last_ms=last_ms,
        last=[messages[one] for one in last if one in messages],
    )

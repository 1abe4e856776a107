"""What has changed in one account since it was written to the file, and the rows that say so."""

from collections.abc import Iterable

from emulator.qstash.coded import encode
from emulator.qstash.file import QueueFile, Row
from emulator.qstash.flow import Lane
from emulator.qstash.kept_runs import run_value, waiter_value
from emulator.qstash.ledger import Place
from emulator.qstash.message import DeadLetter, LogEntry, Message, State
from emulator.qstash.queues import MessageQueue
from emulator.qstash.schedules import Schedule
from emulator.qstash.service import QStash
from emulator.qstash.topics import UrlGroup

# Lines of the log after which the file is rid of what the queue no longer remembers.
PRUNE_EVERY = 20_000
# A deduplication key outlives the message that took it, by the ten minutes of its window.
DEDUP_MS = 600_000

_NEW = f"INSERT INTO messages VALUES (NULL{', ?' * 18})"
_CHANGED = (
    "UPDATE messages SET state=?, retried=?, cancel_requested=?, due=?, ended=?, place=? "
    "WHERE account=? AND id=?"
)
_LOGGED = f"INSERT INTO log VALUES (NULL{', ?' * 8})"
_SETTING = (
    "INSERT INTO settings VALUES (?, ?, ?, ?, ?) "
    "ON CONFLICT (account, kind, id) DO UPDATE SET value=excluded.value"
)


class Kept:
    """One account: it is told of what happens, and writes it when it is asked to."""

    def __init__(self, file: QueueFile, account: str, queue: QStash, *, run: int) -> None:
        self.queue = queue
        self._file = file
        self._account = account
        self._run = run
        self._new: dict[str, Message] = {}
        self._changed: dict[str, Message] = {}
        self._log: list[tuple[Place, LogEntry]] = []
        self._buried: list[DeadLetter] = []
        self._dropped: list[Place] = []
        self._lanes: set[str] = set()
        self._schedules: set[str] = set()
        self._runs: set[str] = set()
        self._waiting = False
        self._managed: set[str] = set()
        self._logged = 0
        self._queues = len(queue.engine.queues.all())
        self._keys = queue.keys.current
        ((last,),) = file.read("SELECT coalesce(max(place), -1) FROM settings")
        self._place = int(str(last)) + 1
        queue.engine.records.watch = self
        queue.watch = self.managed

    # -- what it is told

    def wrote(self, place: Place, entry: LogEntry) -> None:
        """Something happened to a message."""
        message = entry.message
        self._log.append((place, entry))
        if entry.state is State.CREATED:
            self._new[message.id] = message
            if message.publish.schedule_id:
                self._schedules.add(message.publish.schedule_id)
        else:
            self.touched(message)
        part = message.publish.workflow
        if part is not None:
            self._runs.add(part.run_id)
            self._waiting = self._waiting or part.kind == "wait"
        if message.publish.flow is not None:
            self._lanes.add(message.publish.flow.key)

    def touched(self, message: Message) -> None:
        """Something changed in a message that the log says nothing of."""
        if message.id not in self._new:
            self._changed[message.id] = message
        if message.publish.workflow is not None:
            self._runs.add(message.publish.workflow.run_id)

    def buried(self, letter: DeadLetter) -> None:
        """A message went to the dead letters."""
        self._buried.append(letter)

    def dropped(self, place: Place) -> None:
        """A dead letter was taken out."""
        self._dropped.append(place)

    def managed(self, method: str, path: str) -> None:
        """A request was answered that may have changed what belongs to no message."""
        # The webhook of a run takes any method.
        if method in ("GET", "HEAD") and "/hooks/" not in path:
            return
        kind, *names = path.removeprefix("/v2/").split("/")
        self._managed.add(kind)
        if kind in ("workflows", "notify"):
            # One of them may be that of a run.
            self._runs.update(names)
            if path.rstrip("/") == "/v2/workflows/runs":
                self._runs.update(run.id for run in self.queue.engine.runs.latest())

    # -- writing

    def write(self) -> bool:
        """Hand everything to the file; returns whether there was anything."""
        if not (self._log or self._managed or self._dropped or self._changed):
            return False
        self._write_messages()
        self._write_settings()
        self._logged += len(self._log)
        self._log.clear()
        if self._logged >= PRUNE_EVERY:
            self._logged = 0
            self._prune()
        return True

    def _write_messages(self) -> None:
        file, account = self._file, self._account
        if self._new:
            file.do_all(_NEW, [self._new_row(one) for one in self._new.values()])
            self._new.clear()
        if self._changed:
            changed = self._changed.values()
            file.do_all(_CHANGED, [(*self._progress(one), account, one.id) for one in changed])
            self._changed.clear()
        file.do_all(_LOGGED, [self._log_row(place, entry) for place, entry in self._log])
        if self._buried:
            file.do_all(
                "INSERT OR REPLACE INTO dead VALUES (?, ?, ?, ?, ?)",
                [
                    (account, *letter.place, letter.message.id, encode(letter.reply))
                    for letter in self._buried
                ],
            )
            self._buried.clear()
        if self._dropped:
            file.do_all(
                "DELETE FROM dead WHERE account=? AND time_ms=? AND number=?",
                [(account, *place) for place in self._dropped],
            )
            self._dropped.clear()

    def _new_row(self, message: Message) -> Row:
        reported = message.reports_on
        return (
            self._account,
            message.id,
            self._run,
            message.name,
            encode(message.publish),
            message.content,
            message.caller_ip,
            message.created_ms,
            message.dedup_key,
            message.generation,
            message.source,
            reported.id if reported is not None else "",
            *self._progress(message),
        )

    def _progress(self, message: Message) -> Row:
        """How far it is. Times are Unix seconds of the world."""
        clock = self.queue.kernel.clock
        began = clock.unix - clock.now
        ended = message.ended_at
        return (
            message.state.value,
            message.retried,
            message.cancel_requested,
            began + message.due,
            None if ended is None else began + ended,
            message.place,
        )

    def _log_row(self, place: Place, entry: LogEntry) -> Row:
        return (
            self._account,
            *place,
            entry.message.id,
            entry.state.value,
            entry.next_delivery_ms,
            None if entry.reply is None else encode(entry.reply),
            entry.error,
        )

    def _write_settings(self) -> None:
        queue, managed = self.queue, self._managed
        engine = queue.engine
        # A queue is made by what is sent through it, too.
        if "queues" in managed or len(engine.queues.all()) != self._queues:
            self._queues = len(engine.queues.all())
            self._put_all("queue", [(one.name, queue_value(one)) for one in engine.queues.all()])
        if "topics" in managed:
            self._put_all("group", [(one.name, group_value(one)) for one in queue.groups.all()])
        if "schedules" in managed:
            all_of_them = queue.intake.schedules.all()
            self._put_all("schedule", [(one.id, schedule_value(one)) for one in all_of_them])
        elif self._schedules:
            found = (queue.intake.schedules.find(one) for one in self._schedules)
            self._put(
                "schedule", [(one.id, schedule_value(one)) for one in found if one is not None]
            )
        if "flowControl" in managed:
            self._put_lanes()
        elif self._lanes:
            lanes = (engine.traffic.find(key) for key in self._lanes)
            self._put(
                "lane", [(one.key, self._lane_value(one)) for one in lanes if one is not None]
            )
        if queue.keys.current != self._keys:
            self._keys = queue.keys.current
            keys = (queue.keys.current, queue.keys.next, queue.keys.rotations)
            self._put("keys", [("", encode(keys))])
        if self._runs:
            runs = [run for one in self._runs if (run := engine.runs.find(one)) is not None]
            self._put("run", [(run.id, run_value(run)) for run in runs])
        if self._waiting:
            waiters = engine.runs.all_waiters()
            self._put("waiter", [(one.message.id, waiter_value(one)) for one in waiters])
        self._waiting = False
        self._runs.clear()
        managed.clear()
        self._schedules.clear()
        self._lanes.clear()

    def _put_lanes(self) -> None:
        lanes = self.queue.engine.traffic.lanes()
        self._put_all("lane", [(one.key, self._lane_value(one)) for one in lanes])

    def _put(self, kind: str, values: Iterable[tuple[str, str]]) -> None:
        rows = []
        for name, value in values:
            rows.append((self._account, kind, name, self._place, value))
            # One that is there already keeps its place.
            self._place += 1
        self._file.do_all(_SETTING, rows)

    def _put_all(self, kind: str, values: list[tuple[str, str]]) -> None:
        """Have these be all there are."""
        self._keep_only(kind, {name for name, _ in values})
        self._put(kind, values)

    def _keep_only(self, kind: str, names: set[str]) -> None:
        where = "FROM settings WHERE account=? AND kind=?"
        known = {str(one) for (one,) in self._file.read(f"SELECT id {where}", self._account, kind)}
        gone = [(self._account, kind, name) for name in known - names]
        self._file.do_all(f"DELETE {where} AND id=?", gone)

    def _lane_value(self, lane: Lane) -> str:
        clock = self.queue.kernel.clock
        return encode(
            (
                *(lane.parallelism, lane.rate, lane.period_s),
                clock.unix - clock.now + lane.period_start,
                *(lane.started, lane.paused, lane.pinned_parallelism, lane.pinned_rate),
            )
        )

    def _prune(self) -> None:
        self._put_lanes()
        runs = self.queue.engine.runs
        self._keep_only("run", {run.id for run in runs.latest()})
        self._keep_only("waiter", {waiter.message.id for waiter in runs.all_waiters()})
        prune(self._file, self._account, self.queue)


def prune(file: QueueFile, account: str, queue: QStash) -> None:
    """Forget in the file what the queue does not remember."""
    plan = queue.plan
    now_ms = queue.engine.now_ms
    for table, keep_s, most in (
        ("log", plan.log_retention_s, plan.max_log_entries),
        ("dead", plan.dlq_retention_s, plan.max_dead_letters),
    ):
        file.do(
            f"DELETE FROM {table} WHERE account=? AND time_ms<?",
            *(account, now_ms - round(keep_s * 1_000)),
        )
        file.do(
            f"DELETE FROM {table} WHERE account=?1 AND (time_ms, number) <= ("
            f"SELECT time_ms, number FROM {table} WHERE account=?1 "
            "ORDER BY time_ms DESC, number DESC LIMIT 1 OFFSET ?2)",
            *(account, most),
        )
    file.do(
        "DELETE FROM messages WHERE account=?1 AND ended IS NOT NULL AND created_ms<?2 "
        "AND id NOT IN (SELECT message FROM log WHERE account=?1) "
        "AND id NOT IN (SELECT message FROM dead WHERE account=?1)",
        *(account, now_ms - DEDUP_MS),
    )


def queue_value(queue: MessageQueue) -> str:
    return encode((queue.parallelism, queue.created_ms, queue.updated_ms, queue.paused))


def group_value(group: UrlGroup) -> str:
    endpoints = tuple((one.url, one.name) for one in group.endpoints)
    return encode((group.created_ms, group.updated_ms, endpoints, group.headers))


def schedule_value(schedule: Schedule) -> str:
    last = tuple(one.id for one in schedule.last)
    return encode(
        (
            *(schedule.destination, schedule.cron, schedule.fields, schedule.body, schedule.shown),
            *(schedule.caller_ip, schedule.created_ms, schedule.generation),
            *(schedule.paused, schedule.error, schedule.next_unix, schedule.last_ms, last),
        )
    )

"""Figures of all runs of a certification, read off their journals; judging them is for the checks.

How much one user message causes is told by `harness.growth`.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from emulator.journal import Entry
from harness.queues import is_queue
from harness.scenarios.scenario import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Durations:
    """Virtual seconds; percentiles by nearest rank, None when there was nothing to measure."""

    p50_s: float | None = None
    p95_s: float | None = None
    p99_s: float | None = None
    max_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """What happened in all runs with healthy services, as far as their journals were kept.

    `schedules` counts the different orders in which steps were performed. `duplicates` are webhook
    requests beyond the first of each notification. `publish_calls` are requests to the queue's
    publishing routes that were not late, `published` those it accepted; `publish_success` is their
    quotient, None without calls. `bot_timeouts` are requests to the bot that it did not answer in
    time, `call_timeouts` requests of the bot that it gave up on. `late_calls` arrived, or were
    still unanswered, when their response had been sent. `errors` counts what went wrong by type:
    answers of the bot and of the services that were no success, exchanges without an answer,
    findings.
    """

    runs: int
    schedules: int
    messages: int
    deliveries: int
    duplicates: int
    publish_calls: int
    published: int
    publish_success: float | None
    publish_duration: Durations
    bot_timeouts: int
    call_timeouts: int
    late_calls: int
    errors: Mapping[str, int]
    virtual_s: float


def measure_runs(runs: Sequence[Run]) -> Metrics:
    """The figures of these runs, pooled."""
    kinds: Counter[str] = Counter()
    errors: Counter[str] = Counter()
    durations: list[float] = []
    duplicates = publish_calls = published = bot_timeouts = 0
    for run in runs:
        entries = run.record.entries
        kinds.update(entry.kind for entry in entries)
        duplicates += _duplicates(entries)
        calls = _Calls(entries)
        publish_calls += len(calls.publishes)
        published += calls.published
        durations += calls.durations
        errors.update(calls.errors)
        failed = _failed_responses(entries)
        bot_timeouts += failed["bot: timeout"]
        errors.update(failed)
        errors.update(f"finding: {entry.name}" for entry in entries if entry.kind == "finding")
    return Metrics(
        runs=len(runs),
        schedules=len({run.record.choices for run in runs}),
        messages=kinds["message"],
        deliveries=kinds["delivery"],
        duplicates=duplicates,
        publish_calls=publish_calls,
        published=published,
        publish_success=published / publish_calls if publish_calls else None,
        publish_duration=durations_of(durations),
        bot_timeouts=bot_timeouts,
        call_timeouts=kinds["timeout"],
        late_calls=kinds["late"],
        errors=dict(sorted(errors.items())),
        virtual_s=round(sum(run.record.virtual_s for run in runs), 3),
    )


def durations_of(values: Iterable[float]) -> Durations:
    """The percentiles of some durations in seconds."""
    ordered = sorted(values)
    if not ordered:
        return Durations()

    def rank(percent: int) -> float:
        return round(ordered[math.ceil(len(ordered) * percent / 100) - 1], 6)

    return Durations(p50_s=rank(50), p95_s=rank(95), p99_s=rank(99), max_s=round(ordered[-1], 6))


class _Calls:
    """The calls of one run, each with its answer."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        late = {entry.cause for entry in entries if entry.kind == "late"}
        calls = {entry.seq: entry for entry in entries if entry.kind == "call"}
        self.publishes = {
            seq
            for seq, entry in calls.items()
            if is_queue(entry.detail.get("service"))
            and entry.detail.get("verb") == "publish"
            and seq not in late
        }
        self.published = 0
        self.durations: list[float] = []
        self.errors: Counter[str] = Counter()
        given_up = set()
        # A queue that refuses a repetition has the message all the same.
        known = {entry.cause for entry in entries if entry.kind == "duplicate"}
        for entry in entries:
            call = calls.get(entry.cause)
            if call is None or entry.kind not in ("answer", "timeout"):
                continue
            service = call.detail.get("service")
            if entry.kind == "timeout":
                given_up.add(call.seq)
                self.errors[f"{service}: timeout"] += 1
                continue
            status = entry.detail.get("status")
            if status == 409 and call.seq in known:
                status = 200
            if call.seq not in given_up and not _is_success(status):
                self.errors[f"{service}: {status}"] += 1
            if call.seq in self.publishes and _is_success(status):
                self.published += 1
                self.durations.append(entry.time - call.time)


def _failed_responses(entries: Iterable[Entry]) -> Counter[str]:
    """What the bot answered to the platform and the queue, where it was no success; probes may
    be refused.
    """
    probes = set()
    failed: Counter[str] = Counter()
    for entry in entries:
        if entry.kind == "delivery" and entry.detail.get("kind") == "probe":
            probes.add(entry.seq)
        elif entry.kind == "response" and entry.cause not in probes:
            status = entry.detail.get("status")
            if not _is_success(status):
                failed[f"bot: {status}"] += 1
    return failed


def _duplicates(entries: Iterable[Entry]) -> int:
    """Webhook requests beyond the first of each notification; `u0.w2'` is one of `u0`."""
    names = [
        entry.name.rpartition(".w")[0]
        for entry in entries
        if entry.kind == "delivery" and entry.detail.get("kind") in ("user", "redelivery")
    ]
    return len(names) - len(set(names))


def _is_success(status: object) -> bool:
    return isinstance(status, int) and 200 <= status < 400

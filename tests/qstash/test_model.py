"""Publishes, deduplication and deliveries in any order, against a dict and a list."""

import json
from collections import Counter
from dataclasses import dataclass

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from emulator.exchange import Reply
from tests.qstash.support import Bench, Consumer, read

WAITS_MS = (12_182, 148_413, 1_808_042)


@dataclass(slots=True)
class Expected:
    """What the model knows of one message: when its next attempt is due, None at its end."""

    id: str
    retries: int
    due_ms: int | None
    reports: bool
    attempts: int = 0
    end: str = ""
    buried: bool = False


class QueueMachine(RuleBasedStateMachine):
    """The model moves on a clock in whole milliseconds; attempts take no time."""

    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench()
        self.reports = Consumer(self.bench.kernel)
        self.bench.kernel.origins["https://report.example"] = self.reports
        self.now_ms = 0
        self.status = 200
        self.keys: dict[str, tuple[int, str]] = {}
        self.messages: list[Expected] = []

    @rule(
        key=st.sampled_from(["", "a", "b"]),
        delay_s=st.sampled_from([0, 0, 1, 599, 600, 3600]),
        retries=st.integers(0, 3),
        reports=st.booleans(),
    )
    def publish(self, key: str, delay_s: int, retries: int, reports: bool) -> None:
        headers = {"Upstash-Delay": f"{delay_s}s", "Upstash-Retries": str(retries)}
        if reports:
            headers["Upstash-Callback"] = "https://report.example/attempt"
            headers["Upstash-Failure-Callback"] = "https://report.example/end"
        if key:
            headers["Upstash-Deduplication-Id"] = key
        reply = self.bench.publish(headers)
        answer = read(reply)
        held = self.keys.get(key)
        if held is not None and self.now_ms - held[0] < 600_000:
            assert (reply.status, answer["messageId"]) == (202, held[1])
            assert answer["deduplicated"] is True
            return
        assert reply.status == 200
        assert "deduplicated" not in answer
        if key:
            self.keys[key] = (self.now_ms, answer["messageId"])
        due_ms = self.now_ms + delay_s * 1_000
        self.messages.append(Expected(answer["messageId"], retries, due_ms, reports))

    @rule(status=st.sampled_from([200, 204, 302, 500]))
    def destination_answers(self, status: int) -> None:
        self.status = status
        self.bench.consumer = type(self.bench.consumer)(self.bench.kernel, Reply(status))
        self.bench.kernel.origins["https://bot.example"] = self.bench.consumer

    @rule(seconds=st.sampled_from([0, 1, 13, 149, 599, 600, 1_809]))
    def advance(self, seconds: int) -> None:
        self.now_ms += seconds * 1_000
        self.bench.run(until=self.now_ms / 1_000)
        for message in self.messages:
            while message.due_ms is not None and message.due_ms <= self.now_ms:
                self._attempt(message)

    def _attempt(self, message: Expected) -> None:
        assert message.due_ms is not None
        message.attempts += 1
        if 200 <= self.status < 300:
            message.end, message.due_ms = "DELIVERED", None
        elif message.attempts > message.retries:
            message.end, message.due_ms, message.buried = "FAILED", None, True
        else:
            message.due_ms += WAITS_MS[message.attempts - 1]

    @rule(number=st.integers(0, 9))
    def cancel(self, number: int) -> None:
        waiting = [message for message in self.messages if not message.end]
        if number >= len(waiting):
            return
        message = waiting[number]
        if message.due_ms is not None and message.due_ms <= self.now_ms:
            return  # handed over already; only what waits is cancelled at once
        assert self.bench.ask("DELETE", f"/v2/messages/{message.id}").status == 202
        message.end, message.due_ms = "CANCELED", None

    @rule(number=st.integers(0, 9))
    def redeliver(self, number: int) -> None:
        delivered = [message for message in self.messages if message.end == "DELIVERED"]
        if number < len(delivered):
            self.bench.qstash.redeliver(delivered[number].id)

    @rule(count=st.integers(1, 3))
    def delete_dead_letters(self, count: int) -> None:
        page = self.bench.qstash.dead_letters()[:count]
        answer = read(self.bench.ask("DELETE", f"/v2/dlq?count={count}"))
        assert answer["deleted"] == len(page)
        gone = {letter["messageId"] for letter in page}
        for message in self.messages:
            message.buried = message.buried and message.id not in gone

    @invariant()
    def counts_agree(self) -> None:
        assert self.bench.qstash.published == len(self.messages)
        assert self.bench.qstash.pending() == sum(not message.end for message in self.messages)

    @invariant()
    def log_agrees(self) -> None:
        states: dict[str, list[str]] = {}
        for event in self.bench.qstash.events(order="earliestFirst"):
            states.setdefault(str(event["messageId"]), []).append(str(event["state"]))
        for message in self.messages:
            assert states[message.id].count("ACTIVE") == message.attempts
            assert states[message.id].count("CREATED") == 1
            if message.end:
                assert states[message.id][-1] == message.end

    @invariant()
    def dead_letters_agree(self) -> None:
        dead = sorted(str(letter["messageId"]) for letter in self.bench.qstash.dead_letters())
        assert dead == sorted(message.id for message in self.messages if message.buried)

    @invariant()
    def reports_agree(self) -> None:
        told = [json.loads(seen.request.body) for seen in self.reports.seen]
        attempts = Counter(body["sourceMessageId"] for body in told if "dlqId" not in body)
        ends = Counter(body["sourceMessageId"] for body in told if "dlqId" in body)
        reporting = [message for message in self.messages if message.reports]
        assert attempts == Counter({message.id: message.attempts for message in reporting})
        assert ends == Counter(message.id for message in reporting if message.end == "FAILED")


TestQueue = QueueMachine.TestCase
TestQueue.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)

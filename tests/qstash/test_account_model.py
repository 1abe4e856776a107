"""A whole account in any order of requests, failures and time, against a simple model.

Nothing is lost, nothing is delivered after it was cancelled, queues keep their order, parallelism
and rates are never exceeded, dead letters are exact, and journal, events and messages agree.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from emulator.delivery import Delivery
from emulator.exchange import Outcome, Reply, Request
from emulator.kernel import Kernel
from emulator.qstash import Plan
from tests.qstash.support import CONSUMER, HOST, Bench, read

QUEUES = {"one": 1, "two": 2}
KEYS = {"narrow": "parallelism=1", "slow": "rate=2,period=10s", "both": "parallelism=2,rate=3"}
MOST = 4


@dataclass(slots=True)
class Sent:
    """What the model knows of one message."""

    id: str
    queue: str
    key: str
    label: str
    starts: list[float] = field(default_factory=list)
    failures: int = 0
    retries: int = 0
    delivered: bool = False
    cancelled: bool = False
    cancelling: bool = False

    @property
    def failed(self) -> bool:
        ended = self.delivered or self.cancelled or self.cancelling
        return not ended and self.failures > self.retries


class Workers:
    """The destination: each delivery takes `seconds`, and is answered with `status`."""

    def __init__(self, kernel: Kernel, sent: dict[str, Sent]) -> None:
        self.status = 200
        self.seconds = 0.0
        self.busy: set[str] = set()
        self.wrong: list[str] = []
        self.order: list[Sent] = []
        self._kernel = kernel
        self._sent = sent

    def accept(
        self, delivery: Delivery, request: Request, entry: int, done: Callable[[Outcome], None]
    ) -> None:
        message = self._sent[request.header("Upstash-Message-Id") or ""]
        status = self.status
        now = self._kernel.clock.now
        if message.cancelled or message.delivered or message.failed:
            self.wrong.append(f"{message.id} came after its end")
        if message.id in self.busy:
            self.wrong.append(f"{message.id} came twice at a time")
        if not message.starts:
            self.order.append(message)
        message.starts.append(now)
        self.busy.add(message.id)
        self._judge(message)

        def finish() -> None:
            self.busy.remove(message.id)
            if status == 200:
                message.delivered = True
            else:
                message.failures += 1
            done(Reply(status))

        if self.seconds:
            self._kernel.at(now + self.seconds, delivery.name + "/answer", finish)
        else:
            finish()

    def _judge(self, message: Sent) -> None:
        busy = [self._sent[one] for one in self.busy]
        limits = ((MOST, len(busy)),) + (
            ((QUEUES[message.queue], sum(one.queue == message.queue for one in busy)),)
            if message.queue
            else ()
        )
        if message.key in ("narrow", "both"):
            most = 1 if message.key == "narrow" else 2
            limits += ((most, sum(one.key == message.key for one in busy)),)
        self.wrong += [f"{count} of {most} at a time" for most, count in limits if count > most]


class AccountMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench(plan=Plan(max_global_parallelism=MOST))
        self.sent: dict[str, Sent] = {}
        self.workers = Workers(self.bench.kernel, self.sent)
        self.bench.kernel.origins[HOST] = self.workers
        self.buried_gone: set[str] = set()
        self.first_of_key: dict[str, float] = {}
        for name, parallelism in QUEUES.items():
            body = {"queueName": name, "parallelism": parallelism}
            assert self.bench.send("POST", "/v2/queues", body).status == 200

    # -- what may happen ---------------------------------------------------------------------------

    @rule(
        queue=st.sampled_from(["", "", "one", "two"]),
        key=st.sampled_from(["", "", *KEYS]),
        delay_s=st.sampled_from([0, 0, 7]),
        retries=st.integers(0, 2),
        label=st.sampled_from(["", "mine"]),
        in_batch=st.booleans(),
    )
    def publish(
        self, queue: str, key: str, delay_s: int, retries: int, label: str, in_batch: bool
    ) -> None:
        headers = {"Upstash-Retries": str(retries), "Upstash-Retry-Delay": "4000"}
        if delay_s:
            headers["Upstash-Delay"] = f"{delay_s}s"
        if label:
            headers["Upstash-Label"] = label
        if key:
            headers["Upstash-Flow-Control-Key"] = key
            headers["Upstash-Flow-Control-Value"] = KEYS[key]
            self.first_of_key.setdefault(key, self.bench.kernel.clock.now)
        if in_batch:
            item = {"destination": CONSUMER, "headers": headers, "queue": queue or None}
            (answer,) = json.loads(self.bench.send("POST", "/v2/batch", [item]).body)
        else:
            path = f"/v2/enqueue/{queue}/{CONSUMER}" if queue else f"/v2/publish/{CONSUMER}"
            answer = read(self.bench.ask("POST", path, headers))
        self._know(Sent(answer["messageId"], queue, key, label, retries=retries))

    def _know(self, message: Sent) -> None:
        assert message.id not in self.sent
        self.sent[message.id] = message

    @rule(status=st.sampled_from([200, 500]), seconds=st.sampled_from([0.0, 3.0, 11.0]))
    def destination(self, status: int, seconds: float) -> None:
        self.workers.status, self.workers.seconds = status, seconds

    @rule(seconds=st.sampled_from([0, 1, 4, 10, 30]))
    def advance(self, seconds: int) -> None:
        self.bench.run(until=self.bench.kernel.clock.now + seconds)

    @rule(number=st.integers(0, 9))
    def cancel(self, number: int) -> None:
        open_ones = [one for one in self.sent.values() if not self._over(one)]
        if number < len(open_ones):
            message = open_ones[number]
            assert self.bench.ask("DELETE", f"/v2/messages/{message.id}").status == 202
            self._settle_cancel(message)

    @rule()
    def cancel_in_bulk(self) -> None:
        mine = [
            one
            for one in self.sent.values()
            if one.label and not one.cancelling and not self._over(one)
        ]
        reply = self.bench.ask("DELETE", "/v2/messages?label=mine")
        assert read(reply) == {"cancelled": len(mine)}
        for message in mine:
            self._settle_cancel(message)

    def _settle_cancel(self, message: Sent) -> None:
        # An attempt that is under way is the last one, and may still succeed.
        self.bench.run(until=self.bench.kernel.clock.now)
        if message.id in self.workers.busy:
            message.cancelling = True
        else:
            message.cancelled = not message.delivered

    @rule(queue=st.sampled_from(sorted(QUEUES)), what=st.sampled_from(["pause", "resume"]))
    def hold_queue(self, queue: str, what: str) -> None:
        assert self.bench.ask("POST", f"/v2/queues/{queue}/{what}").status == 200

    @rule(key=st.sampled_from(sorted(KEYS)), what=st.sampled_from(["pause", "resume"]))
    def hold_key(self, key: str, what: str) -> None:
        assert self.bench.ask("POST", f"/v2/flowControl/{key}/{what}").status == 200
        self.first_of_key.setdefault(key, self.bench.kernel.clock.now)

    @rule()
    def rotate(self) -> None:
        assert self.bench.ask("POST", "/v2/keys/rotate").status == 200

    @rule(again=st.booleans())
    def empty_dead_letters(self, again: bool) -> None:
        letters = self.bench.qstash.dead_letters()[:1]
        for letter in letters:
            old = self.sent[str(letter["messageId"])]
            self.buried_gone.add(old.id)
            if again:
                reply = self.bench.ask("POST", f"/v2/dlq/retry/{letter['dlqId']}")
                new = Sent(read(reply)["messageId"], old.queue, old.key, old.label)
                new.retries = int(str(letter["maxRetries"]))
                self._know(new)
            else:
                assert self.bench.ask("DELETE", f"/v2/dlq/{letter['dlqId']}").status == 200

    # -- what has to hold --------------------------------------------------------------------------

    def _over(self, message: Sent) -> bool:
        ended_by_cancel = message.cancelling and message.id not in self.workers.busy
        return message.delivered or message.cancelled or message.failed or ended_by_cancel

    @invariant()
    def nothing_went_wrong_at_the_destination(self) -> None:
        assert self.workers.wrong == []

    @invariant()
    def rates_hold(self) -> None:
        for key, rate, period in (("slow", 2, 10), ("both", 3, 1)):
            begins = self.first_of_key.get(key, 0.0)
            starts = [at for one in self.sent.values() if one.key == key for at in one.starts]
            periods = Counter(int((at - begins + 1e-6) // period) for at in starts)
            assert all(count <= rate for count in periods.values())

    @invariant()
    def queues_keep_their_order(self) -> None:
        for name in QUEUES:
            line = [one for one in self.sent.values() if one.queue == name and one.starts]
            if not any(one.key for one in line):
                assert [one for one in self.workers.order if one.queue == name] == line

    @invariant()
    def dead_letters_are_exact(self) -> None:
        dead = {str(letter["messageId"]) for letter in self.bench.qstash.dead_letters()}
        expected = {one.id for one in self.sent.values() if one.failed}
        assert dead == expected - self.buried_gone

    @invariant()
    def counts_agree(self) -> None:
        bench = self.bench
        states: dict[str, Counter[str]] = defaultdict(Counter)
        for event in bench.qstash.events():
            states[str(event["messageId"])][str(event["state"])] += 1
        assert states.keys() == self.sent.keys()
        for message in self.sent.values():
            seen = states[message.id]
            assert seen["CREATED"] == 1
            assert seen["ACTIVE"] == len(message.starts)
            assert (seen["DELIVERED"], seen["ERROR"]) == (message.delivered, message.failures)
            ended = seen["DELIVERED"] + seen["FAILED"] + seen["CANCELED"]
            assert ended == self._over(message)
        assert bench.qstash.pending() == sum(not self._over(one) for one in self.sent.values())
        assert bench.kernel.journal.counts["delivery"] == sum(
            len(one.starts) for one in self.sent.values()
        )
        lags = {queue["name"]: queue["lag"] for queue in bench.get("/v2/queues")}
        for name in QUEUES:
            waiting = [one for one in self.sent.values() if one.queue == name]
            assert lags[name] == sum(not self._over(one) for one in waiting)

    def teardown(self) -> None:
        """Nothing is lost: let go of everything, and everything comes to its end."""
        for name in QUEUES:
            self.bench.ask("POST", f"/v2/queues/{name}/resume")
        for key in KEYS:
            self.bench.ask("POST", f"/v2/flowControl/{key}/resume")
        self.bench.run()
        assert all(self._over(one) for one in self.sent.values())
        assert self.bench.qstash.pending() == 0
        assert self.bench.get("/v2/globalParallelism")["parallelismCount"] == 0
        assert self.workers.wrong == []


TestAccount = AccountMachine.TestCase
TestAccount.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)

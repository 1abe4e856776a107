"""From orders to messages: each gets its place in the causes, and counts against the plan."""

from collections.abc import Callable
from dataclasses import replace

from emulator.call import Call
from emulator.kernel import Kernel
from emulator.qstash.cron import Cron
from emulator.qstash.engine import Accepted, Engine
from emulator.qstash.fields import Fields
from emulator.qstash.ids import RUN_ID_LENGTH, SHORT_ID_LENGTH, draw_id
from emulator.qstash.message import DeadLetter, Message, Origin, Post, Publish
from emulator.qstash.orders import Order, read_order
from emulator.qstash.plan import Plan
from emulator.qstash.quota import Quota
from emulator.qstash.schedules import Schedule, Schedules
from emulator.qstash.topics import UrlGroups
from emulator.qstash.wire import Terms
from emulator.qstash.workflow_steps import Wait


class Intake:
    """Where messages come in: by publishing, from dead letters, by schedules.

    `name` begins the causal names of what no invocation of the bot asked for.
    """

    def __init__(
        self,
        kernel: Kernel,
        engine: Engine,
        groups: UrlGroups,
        *,
        plan: Plan,
        terms: Callable[[], Terms],
        name: str = "x",
    ) -> None:
        self.quota = Quota(plan)
        self.schedules = Schedules(kernel, self._tick, plan)
        self._kernel = kernel
        self._engine = engine
        self._groups = groups
        self._terms = terms
        self._name = name
        self._publishes = 0
        self._duplicates = 0
        self._made_schedules = 0
        self._made_runs = 0

    def submit(self, order: Order, call: Call | None, *, caller_ip: str) -> list[Accepted]:
        """Hand a valid order to the engine; raises Refused (412, 429) when the plan has no room,
        and then nothing has happened.
        """
        self.provide_queue(order.asked.publish)
        self.quota.charge(len(order.posts), self._kernel.clock.unix)
        return [self._accept(post, call, caller_ip) for post in order.posts]

    def provide_queue(self, publish: Publish) -> None:
        """Raise Refused (412) when the plan has no room for the queue that is asked for."""
        if publish.queue:
            self._engine.queues.provide(publish.queue, self._engine.now_ms)

    def send_again(self, letter: DeadLetter, post: Post, call: Call | None) -> Accepted:
        """Make a new message of a dead letter, which is dropped unless the new one is a duplicate.

        When the bot asks for it, it is one more publish of the bot; when a person does, it goes on
        where the letter ended and counts as no publish.
        """
        dead = letter.message
        if call is None:
            name = f"{dead.name}.r0"
            origin = Origin(
                take_name=lambda: name,
                call_name=name,
                caller_ip=dead.caller_ip,
                roots=dead.roots,
                generation=dead.generation,
                routes=dead.routes,
                cause=dead.entry,
                counted=False,
                source=dead.source,
            )
        else:
            invocation = call.invocation
            origin = Origin(
                take_name=lambda: invocation.child("q"),
                call_name=call.name,
                caller_ip=dead.caller_ip,
                roots=dead.roots or invocation.roots,
                # Whichever is deeper, so that a bot that revives its dead letters for ever is cut.
                generation=max(invocation.generation, dead.generation) + 1,
                routes=call.routes,
                cause=call.entry,
            )
        accepted = self._engine.accept(post, origin)
        if not accepted.deduplicated:
            self._engine.drop(letter)
        return accepted

    def new_run_id(self, call: Call | None, of: str = "") -> str:
        """The id of a workflow run that was given none; `of` tells those of one call apart."""
        if call is None:
            self._made_runs += 1
        name = f"{self._name}.w{self._made_runs}" if call is None else f"{call.name}{of}"
        return draw_id(self._kernel.chance, "wfr_", name, RUN_ID_LENGTH)

    def wait(self, run_id: str, wait: Wait, call: Call | None, *, caller_ip: str) -> Accepted:
        """Have a workflow run wait for an event; raises Refused (400) when it is not under way."""
        accepted = self._engine.runs.wait(run_id, wait, self._origin(call, caller_ip))
        if call is None:
            self._count(accepted)
        return accepted

    def schedule(
        self,
        order: Order,
        call: Call | None,
        *,
        schedule_id: str,
        target: str,
        cron: Cron,
        fields: Fields,
        caller_ip: str,
    ) -> Schedule:
        """Make a schedule; raises Refused (412) when the plan has no room for it."""
        self.schedules.check_room(schedule_id)
        kernel = self._kernel
        if call is None:
            name = f"{self._name}.s{self._made_schedules}"
            self._made_schedules += 1
        else:
            name = call.invocation.child("s")
        schedule = Schedule(
            id=schedule_id or draw_id(kernel.chance, "scd_", name, SHORT_ID_LENGTH),
            name=name,
            destination=target,
            cron=cron,
            fields=fields,
            body=order.asked.body,
            shown=order.asked.publish,
            caller_ip=caller_ip,
            created_ms=self._engine.now_ms,
        )
        if call is not None:
            schedule.roots = call.invocation.roots
            schedule.generation = call.invocation.generation + 1
            schedule.routes = call.routes
            schedule.cause = call.entry
        self.schedules.put(schedule)
        return schedule

    # -- inside ------------------------------------------------------------------------------------

    def _accept(self, post: Post, call: Call | None, caller_ip: str) -> Accepted:
        origin = self._origin(call, caller_ip, post.body, post.dedup_key)
        accepted = self._engine.accept(post, origin)
        if call is None:
            self._count(accepted)
        return accepted

    def _count(self, accepted: Accepted) -> None:
        if accepted.deduplicated:
            self._duplicates += 1
        else:
            self._publishes += 1

    def _origin(self, call: Call | None, caller_ip: str, *texts: str | bytes) -> Origin:
        """Where a publish comes from that says this."""
        if call is None:
            return Origin(
                take_name=lambda: f"{self._name}.q{self._publishes}",
                call_name=f"{self._name}.d{self._duplicates}",
                caller_ip=caller_ip,
            )
        invocation = call.invocation
        return Origin(
            take_name=lambda: invocation.child("q"),
            call_name=call.name,
            caller_ip=caller_ip,
            roots=self._kernel.attribute(invocation.roots, *texts),
            generation=invocation.generation + 1,
            routes=call.routes,
            cause=call.entry,
        )

    def _tick(self, schedule: Schedule) -> list[Message]:
        """Publish what a schedule says, as the account's own messages."""
        asked = schedule.shown
        order = read_order(
            schedule.destination,
            schedule.fields,
            schedule.body,
            terms=self._terms(),
            groups=self._groups,
            queue=asked.queue,
        )
        self.provide_queue(asked)
        self.quota.charge(len(order.posts), self._kernel.clock.unix)
        made: list[Message] = []
        for number, post in enumerate(order.posts):
            message = self._engine.recall(self._tick_one(schedule, post, number).message_id)
            if message is not None:
                made.append(message)
        return made

    def _tick_one(self, schedule: Schedule, post: Post, number: int) -> Accepted:
        name = f"{schedule.name}.t{schedule.ticks}.q{number}"
        origin = Origin(
            take_name=lambda: name,
            call_name=name,
            caller_ip=schedule.caller_ip,
            roots=schedule.roots,
            generation=schedule.generation,
            routes=schedule.routes,
            cause=schedule.cause,
            counted=False,
        )
        publish = replace(post.publish, schedule_id=schedule.id)
        return self._engine.accept(post._replace(publish=publish), origin)

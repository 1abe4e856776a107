"""Schedules: messages that are published again and again, as a cron expression says."""

from collections.abc import Callable
from dataclasses import dataclass, field

from emulator.kernel import Kernel
from emulator.qstash.cron import Cron
from emulator.qstash.fields import Fields
from emulator.qstash.message import Message, Publish
from emulator.qstash.plan import Plan
from emulator.qstash.refusal import Refused
from emulator.step import Step


@dataclass(slots=True, eq=False)
class Schedule:
    """One schedule.

    `shown` is the message as it was asked for; what a tick publishes is read anew from `fields` and
    `body`, because a URL group may have changed. `name`, `roots`, `generation`, `routes` and
    `cause` are its place in the causes. `next_unix` is the tick to come in Unix seconds, None when
    there is none; `last_ms` the last one in Unix milliseconds, and `last` what it published.
    """

    id: str
    name: str
    destination: str
    cron: Cron
    fields: Fields
    body: bytes
    shown: Publish
    caller_ip: str
    created_ms: int
    roots: tuple[str, ...] = ()
    generation: int = 1
    routes: tuple[str, ...] = ()
    cause: int = -1
    paused: bool = False
    ticks: int = 0
    error: str = ""
    next_unix: float | None = None
    last_ms: int | None = None
    last: list[Message] = field(default_factory=list)
    timer: Step | None = field(default=None, repr=False)


class Schedules:
    """The schedules of one account, in the order in which they were made.

    `publish` has one tick's messages published and returns them; what it refuses is kept as the
    schedule's error. While there is a schedule that is not paused, the world never goes quiet.
    """

    def __init__(
        self, kernel: Kernel, publish: Callable[[Schedule], list[Message]], plan: Plan
    ) -> None:
        self._kernel = kernel
        self._publish = publish
        self._plan = plan
        self._schedules: dict[str, Schedule] = {}

    def find(self, schedule_id: str) -> Schedule | None:
        return self._schedules.get(schedule_id)

    def all(self) -> list[Schedule]:
        return list(self._schedules.values())

    def check_room(self, schedule_id: str) -> None:
        """Raise Refused (412) when a schedule of this id would be one too many."""
        most = self._plan.max_schedules
        if schedule_id not in self._schedules and len(self._schedules) >= most:
            raise Refused(412, f"quota maxSchedules exceeded, current limit: {most}")

    def put(self, schedule: Schedule) -> None:
        """Add a schedule; it replaces one of the same id as a whole."""
        old = self._schedules.get(schedule.id)
        if old is not None:
            self._disarm(old)
        self._schedules[schedule.id] = schedule
        schedule.next_unix = schedule.cron.next_after(self._kernel.clock.unix)
        self._arm(schedule)

    def put_back(self, schedule: Schedule) -> None:
        """Add a schedule of an earlier time; a tick that was missed comes now, once."""
        self._schedules[schedule.id] = schedule
        if not schedule.paused:
            self._arm(schedule)

    def delete(self, schedule_id: str) -> bool:
        """Messages of earlier ticks are still delivered. False when there is no such schedule."""
        schedule = self._schedules.pop(schedule_id, None)
        if schedule is None:
            return False
        self._disarm(schedule)
        return True

    def pause(self, schedule: Schedule) -> None:
        """Drop the ticks to come until it is resumed."""
        schedule.paused = True
        self._disarm(schedule)

    def resume(self, schedule: Schedule) -> None:
        if schedule.paused:
            schedule.paused = False
            schedule.next_unix = schedule.cron.next_after(self._kernel.clock.unix)
            self._arm(schedule)

    # -- inside ------------------------------------------------------------------------------------

    def _arm(self, schedule: Schedule) -> None:
        if schedule.next_unix is None:
            return
        clock = self._kernel.clock
        # Whole microseconds, because Unix times are too large for a float to hold more.
        wait_s = max(0.0, round(schedule.next_unix - clock.unix, 6))
        name = f"{schedule.name}.t{schedule.ticks}"
        schedule.timer = self._kernel.at(
            clock.now + wait_s,
            name,
            lambda: self._tick(schedule),
            roots=schedule.roots,
            task=name,
        )

    def _disarm(self, schedule: Schedule) -> None:
        self._kernel.cancel(schedule.timer)
        schedule.timer = None

    def _tick(self, schedule: Schedule) -> None:
        schedule.timer = None
        due_unix = schedule.next_unix
        if due_unix is None:
            return
        kernel = self._kernel
        schedule.last_ms = round(due_unix * 1_000)
        try:
            schedule.last = self._publish(schedule)
            schedule.error = ""
        except Refused as refused:
            schedule.last = []
            schedule.error = str(refused)
        schedule.ticks += 1
        # A clock that jumped skips what it jumped over; one that is a hair early does not repeat.
        schedule.next_unix = schedule.cron.next_after(max(due_unix, kernel.clock.unix - 0.001))
        # A user message that was cut has nothing more delivered for it.
        if kernel.cut.isdisjoint(schedule.roots):
            self._arm(schedule)

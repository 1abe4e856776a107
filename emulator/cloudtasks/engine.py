"""The engine: it accepts tasks and sees each through its attempts to its end. It knows no HTTP
surface.
"""

from collections import OrderedDict, deque
from typing import NamedTuple

from emulator.chance import DIGITS
from emulator.cloudtasks.courier import Courier
from emulator.cloudtasks.errors import RefusedError, no_queue, no_task, task_exists
from emulator.cloudtasks.names import queue_of
from emulator.cloudtasks.outcomes import hinted_wait, status_of
from emulator.cloudtasks.rules import Rules
from emulator.cloudtasks.task import Attempt, NewTask, Origin, Task, TaskQueue
from emulator.cloudtasks.traffic import Traffic
from emulator.errors import ScenarioError
from emulator.exchange import Failure, Outcome, Reply, Request
from emulator.google_signing import GoogleKeys
from emulator.kernel import Kernel
from emulator.queue_mishaps import NO_DISTURBANCE
from emulator.queue_notes import note_dead, note_duplicate, note_publish

# Lines of the operation log that are kept, and tasks that ended: so many, and so many bytes.
KEEP_OPERATIONS = 10_000
KEEP_ENDED = 10_000
KEEP_ENDED_BYTES = 32 * 1_048_576

_ID_LENGTH = 20  # observed: names that the service chooses are numbers of about 20 digits


class Operation(NamedTuple):
    """A line of the operation log (Cloud Tasks docs, "Set up logging"); `what` is `created`,
    `dispatched`, `done`, `failed`, `dead`, or `deleted`.
    """

    unix: float
    what: str
    task: str
    status: int = 0
    attempts: int = 0


class Engine:
    """All queues of all projects.

    `published` counts the tasks accepted as new, `attempts` their dispatches, `units` calls and
    attempts by 32 KB, as they are billed. `pending` counts the tasks that have not ended; those
    that the kernel cut never do. Kept: tasks until they end, names as long as they can not be used
    again, and a bounded number of tasks that ended and of operations.
    """

    def __init__(self, kernel: Kernel, *, keys: GoogleKeys, rules: Rules) -> None:
        self.published = 0
        self.attempts = 0
        self.units = 0
        self.queues: dict[str, TaskQueue] = {}
        self.operations: deque[Operation] = deque(maxlen=KEEP_OPERATIONS)
        self.disturbance = NO_DISTURBANCE
        self._kernel = kernel
        self._rules = rules
        self._courier = Courier(kernel, keys)
        self.traffic = Traffic(kernel, self._begin, rules)
        # When names of tasks and queues were set free (seconds of the clock), oldest first.
        self._gone: OrderedDict[str, float] = OrderedDict()
        self._gone_queues: dict[str, float] = {}
        self._ended_tasks: OrderedDict[str, Task] = OrderedDict()
        self._ended_bytes = 0

    @property
    def pending(self) -> int:
        return sum(len(queue.tasks) for queue in self.queues.values())

    # -- queues ------------------------------------------------------------------------------------

    def queue(self, name: str) -> TaskQueue:
        """The queue of this name; raises RefusedError when there is none."""
        queue = self.queues.get(name)
        if queue is None:
            raise no_queue()
        return queue

    def add_queue(self, queue: TaskQueue) -> None:
        """Raises RefusedError when there is such a queue, or was until not long ago."""
        now = self._kernel.clock.now
        if queue.name in self.queues:
            raise RefusedError("ALREADY_EXISTS", "Queue already exists")
        gone = self._gone_queues.pop(queue.name, None)
        if gone is not None and now - gone < self._rules.queue_name_kept_s:
            self._gone_queues[queue.name] = gone
            raise RefusedError(
                "FAILED_PRECONDITION",
                "The queue cannot be created because a queue with this name existed too recently.",
            )
        queue.tokens, queue.filled_at = float(queue.rates.max_burst_size), now
        self.queues[queue.name] = queue

    def delete_queue(self, name: str) -> None:
        """Take a queue away with all that is in it; raises RefusedError when there is none."""
        queue = self.queue(name)
        self.purge(queue)
        del self.queues[name]
        self._gone_queues[name] = self._kernel.clock.now

    def purge(self, queue: TaskQueue) -> None:
        """Take all tasks out of a queue; attempts that are under way go on, and are the last."""
        for task in list(queue.tasks.values()):
            self._end(task, "deleted")

    def pause(self, queue: TaskQueue) -> None:
        queue.state = "PAUSED"

    def resume(self, queue: TaskQueue) -> None:
        queue.state = "RUNNING"
        self.traffic.pump(queue)

    # -- tasks -------------------------------------------------------------------------------------

    def create(self, new: NewTask, origin: Origin) -> Task:
        """Take a task, which is to be begun then. Raises RefusedError, and nothing happens, when
        there is no such queue or the name can not be used.
        """
        queue = self.queue(new.queue)
        if new.name:
            self._check_name(new, queue, origin)
        clock, cause_name = self._kernel.clock, origin.take_name()
        name = new.name or (
            f"{new.queue}/tasks/"
            + self._kernel.chance.text(f"cloudtasks/task/{cause_name}", _ID_LENGTH, DIGITS)
        )
        delay_s = 0.0
        if new.schedule_unix is not None:
            delay_s = max(0.0, round(new.schedule_unix - clock.bot_unix, 6))
        task = Task(
            name=name,
            cause_name=cause_name,
            new=new,
            created_unix=clock.unix,
            created=clock.now,
            due=clock.now + delay_s,
            roots=origin.roots,
            generation=origin.generation,
            routes=origin.routes,
            entry=origin.cause,
        )
        self.published += 1
        task.entry = note_publish(
            self._kernel,
            cause_name,
            message_id=name,
            url=new.call.url,
            route=Request(new.call.method, new.call.url).raw_path,
            dedup=new.name,
            delay_s=delay_s,
            cause=origin.cause,
            roots=origin.roots,
            generation=origin.generation,
        )
        queue.tasks[name] = task
        self._log("created", task)
        return task

    def begin(self, task: Task) -> None:
        """Have a new task delivered when it is due."""
        self._schedule(task)

    def task(self, name: str) -> Task:
        """The task of this name; raises RefusedError when there is none, or no more."""
        queue = self.queue(queue_of(name))
        task = queue.tasks.get(name)
        if task is None:
            raise no_task(recently=self._was_there(name))
        return task

    def delete(self, name: str) -> None:
        """Take a task out; an attempt that is under way goes on, and is the last. Raises
        RefusedError when there is none.
        """
        self._end(self.task(name), "deleted")

    def run(self, task: Task) -> None:
        """Dispatch a task now, whatever its queue and its schedule say."""
        queue = self.queue(task.new.queue)
        self._kernel.cancel(task.timer)
        queue.ready.pop(task.name, None)
        task.due = self._kernel.clock.now
        queue.active += 1
        self._begin(task)

    def charge(self, size_bytes: int) -> None:
        """Count a call or an attempt as it is billed (Cloud Tasks docs, "Pricing")."""
        self.units += max(1, -(-size_bytes // self._rules.billed_bytes))

    # -- what goes wrong on demand -----------------------------------------------------------------

    def redeliver(self, name: str, *, after_s: float) -> str:
        """Deliver a task that is done once more, after which nothing follows; returns the name of
        the delivery. Raises ScenarioError if it is not done, or no longer known.
        """
        task = self._ended_tasks.get(name)
        if task is None or not task.done:
            raise ScenarioError(f"task {name} is not done, so it can't come again")
        attempt, due = task.attempt_name, self._kernel.clock.now + after_s
        task.repeats += 1
        if not self._courier.send(task, lambda outcome: None, due=due, name=attempt):
            raise ScenarioError(f"task {name} works for a user message that was cut")
        return attempt

    def lose_answer(self, name: str) -> None:
        """Take the attempt under way, or else the next, for one that lost its connection. Raises
        ScenarioError if no attempt can follow.
        """
        for queue in self.queues.values():
            if name in queue.tasks:
                queue.tasks[name].lose_answer = True
                return
        raise ScenarioError(f"task {name} is not under way, so no answer can be lost")

    # -- the life of a task ------------------------------------------------------------------------

    def _check_name(self, new: NewTask, queue: TaskQueue, origin: Origin) -> None:
        there = new.name in queue.tasks
        if not there and not self._was_there(new.name):
            return
        note_duplicate(
            self._kernel,
            origin.call_name,
            message_id=new.name,
            url=new.call.url,
            dedup=new.name,
            cause=origin.cause,
            roots=origin.roots,
            generation=origin.generation,
        )
        raise task_exists(gone=not there)

    def _was_there(self, name: str) -> bool:
        """Whether a task ended so recently that its name can not be used again."""
        self._forget_names()
        return name in self._gone

    def _forget_names(self) -> None:
        latest = self._kernel.clock.now - self._rules.name_kept_s
        while self._gone and next(iter(self._gone.values())) <= latest:
            self._gone.popitem(last=False)

    def _schedule(self, task: Task) -> None:
        """Have the next attempt made when it is due."""
        now = self._kernel.clock.now
        if task.due <= now:
            self._ready(task)
            return
        task.timer = self._kernel.at(
            task.due,
            task.attempt_name + "/due",
            lambda: self._ready(task),
            roots=task.roots,
            task=task.attempt_name,
        )

    def _ready(self, task: Task) -> None:
        self.traffic.offer(self.queue(task.new.queue), task)

    def _begin(self, task: Task) -> None:
        """Make an attempt. Its queue has counted it as active."""
        kernel, disturbed, name = self._kernel, self.disturbance, task.attempt_name
        now = kernel.clock.now
        due = now + disturbed.late_s
        if disturbed.spread_s:
            due += round(disturbed.spread_s * kernel.chance.fraction(f"spread/{name}"), 3)
        unix = kernel.clock.unix
        task.dispatches += 1
        sent = self._courier.send(
            task, lambda outcome: self._ended(task, outcome), due=due, name=name
        )
        if not sent:
            # It waits for ever: the kernel cut what it works for.
            task.dispatches -= 1
            self.queue(task.new.queue).active -= 1
            return
        task.under_way += 1
        self.attempts += 1
        self.charge(len(task.new.call.body))
        task.last = Attempt(scheduled=unix + task.due - now, dispatched=unix)
        if task.first is None:
            task.first, task.first_at = task.last, now
        self._log("dispatched", task)
        for number in range(1, disturbed.copies):
            copy = task.attempt_name
            task.repeats += 1
            at = due + number * disturbed.copy_after_s
            self._courier.send(task, lambda outcome: None, due=at, name=copy)

    def _ended(self, task: Task, outcome: Outcome) -> None:
        task.under_way -= 1
        if task.lose_answer:
            task.lose_answer = False
            if isinstance(outcome, Reply):
                outcome = Failure("reset", "the answer was lost")
        status = outcome.status if isinstance(outcome, Reply) else None
        code, message = status_of(outcome)
        if task.last is not None:
            unix = self._kernel.clock.unix if status is not None else None
            task.last = task.last._replace(responded=unix, code=code, message=message)
        task.previous, task.reason = status, message
        if status is not None:
            task.responses += 1
            task.executions += not 500 <= status < 600
        queue = self.queues.get(task.new.queue)
        if queue is not None:
            self.traffic.ended(queue, status)
            if queue.tasks.get(task.name) is task:
                self._judge(task, queue, outcome)
            self.traffic.pump(queue)

    def _judge(self, task: Task, queue: TaskQueue, outcome: Outcome) -> None:
        now = self._kernel.clock.now
        if isinstance(outcome, Reply) and outcome.ok:
            task.done = True
            self._end(task, "done")
            return
        self._log("failed", task)
        retry = task.new.retry or queue.retry
        too_old = now - task.created >= self._rules.kept_s
        if task.under_way:
            # Another attempt of the same task goes on; it has the last word.
            return
        if too_old or retry.is_over(task.dispatches, now - task.first_at):
            self._end(task, "dead")
            note_dead(
                self._kernel,
                task.cause_name,
                message_id=task.name,
                dlq_id="",
                status=task.previous or 0,
                attempts=task.dispatches,
                cause=task.entry,
                roots=task.roots,
                generation=task.generation,
            )
            return
        wait_s = max(
            retry.wait_before(task.dispatches), hinted_wait(outcome, self._kernel.clock.bot_unix)
        )
        task.due = now + wait_s
        self._schedule(task)

    def _end(self, task: Task, what: str) -> None:
        """A task is no longer there; its name is not free yet."""
        queue = self.queue(task.new.queue)
        del queue.tasks[task.name]
        queue.ready.pop(task.name, None)
        self._kernel.cancel(task.timer)
        self._gone.pop(task.name, None)
        self._gone[task.name] = self._kernel.clock.now
        self._forget_names()
        self._log(what, task)
        before = self._ended_tasks.pop(task.name, None)
        self._ended_tasks[task.name] = task
        self._ended_bytes += len(task.new.call.body)
        self._ended_bytes -= 0 if before is None else len(before.new.call.body)
        while len(self._ended_tasks) > KEEP_ENDED or self._ended_bytes > KEEP_ENDED_BYTES:
            _, oldest = self._ended_tasks.popitem(last=False)
            self._ended_bytes -= len(oldest.new.call.body)

    def _log(self, what: str, task: Task) -> None:
        unix = self._kernel.clock.unix
        self.operations.append(
            Operation(unix, what, task.name, task.previous or 0, task.dispatches)
        )

"""How fast a queue dispatches: its token bucket, its concurrency, and how it backs off from a
worker in trouble.
"""

from collections.abc import Callable

from emulator.cloudtasks.rules import Rules
from emulator.cloudtasks.task import Task, TaskQueue
from emulator.kernel import Kernel

# Answers that slow a whole queue down (reference, HttpRequest, "System throttling").
_SLOWING = frozenset({429, 503})


class Traffic:
    """Starts tasks, each as soon as its queue lets it.

    `start` is called once for each task that was offered; afterwards `ended` has to be.
    """

    def __init__(self, kernel: Kernel, start: Callable[[Task], None], rules: Rules) -> None:
        self._kernel = kernel
        self._start = start
        self._rules = rules

    def offer(self, queue: TaskQueue, task: Task) -> None:
        """Have an attempt made, now or when it is its turn."""
        queue.ready[task.name] = task
        self.pump(queue)

    def ended(self, queue: TaskQueue, status: int | None) -> None:
        """An attempt is over, with this status or without an answer."""
        queue.active -= 1
        if status is not None and 200 <= status < 300:
            queue.failed_in_a_row = 0
            queue.slowed = max(0, queue.slowed - 1)
            return
        queue.failed_in_a_row += 1
        if status in _SLOWING or queue.failed_in_a_row >= self._rules.errors_in_a_row:
            self._fill(queue)
            if 2.0 ** -(queue.slowed + 1) >= self._rules.slowest:
                queue.slowed += 1

    def pump(self, queue: TaskQueue) -> None:
        """Start what there is room for."""
        self._fill(queue)
        while queue.ready and queue.state == "RUNNING":
            if queue.active >= queue.rates.max_concurrent_dispatches:
                return
            if queue.tokens < 1.0:
                self._come_back(queue)
                return
            queue.tokens -= 1.0
            _, task = queue.ready.popitem(last=False)
            queue.active += 1
            self._start(task)

    def rate(self, queue: TaskQueue) -> float:
        """Dispatches per second, at present."""
        return queue.rates.max_dispatches_per_second * 2.0**-queue.slowed

    # -- inside

    def _fill(self, queue: TaskQueue) -> None:
        now = self._kernel.clock.now
        more = (now - queue.filled_at) * self.rate(queue)
        queue.tokens = min(queue.tokens + more, float(queue.rates.max_burst_size))
        queue.filled_at = now

    def _come_back(self, queue: TaskQueue) -> None:
        """When the next token is there."""
        if queue.timer is not None and queue.timer.pending:
            return
        first = next(iter(queue.ready.values()))
        # A little more than needed: what is short of one by a rounding error would come back for
        # ever.
        wait_s = (1.0 - queue.tokens) / self.rate(queue) + 1e-6
        queue.timer = self._kernel.at(
            self._kernel.clock.now + wait_s,
            first.attempt_name + "/rate",
            lambda: self.pump(queue),
            roots=first.roots,
            task=first.attempt_name,
        )

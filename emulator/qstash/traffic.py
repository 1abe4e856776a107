"""Who may be delivered now: flow control by key, and the account's global parallelism."""

from collections import OrderedDict
from collections.abc import Callable, Iterable

from emulator.kernel import Kernel
from emulator.qstash.flow import FlowControl, Lane
from emulator.qstash.message import Message

# Keys that nothing is known of but their last limits; beyond so many the oldest are forgotten.
KEEP_KEYS = 10_000


class Traffic:
    """Starts messages, each as soon as its key and the account let it.

    `start` is called once for each message that was offered; afterwards `ended` has to be.
    `most` is the account's global parallelism, None for none. A message that is held back is in its
    `line` and can be taken out with `withdraw`.
    """

    def __init__(
        self, kernel: Kernel, start: Callable[[Message], None], *, most: int | None
    ) -> None:
        self.most = most
        self.active = 0
        self._kernel = kernel
        self._start = start
        self._lanes: OrderedDict[str, Lane] = OrderedDict()
        # Messages without a key wait for the account only.
        self._common: Lane | None = None
        self._starved: OrderedDict[str | None, Lane] = OrderedDict()

    # -- messages ----------------------------------------------------------------------------------

    def expect(self, flow: FlowControl) -> None:
        """A message with these limits was published."""
        lane = self.lane(flow.key)
        lane.configure(flow, self._kernel.clock.now)
        self._pump(lane)

    def offer(self, message: Message) -> None:
        """Have an attempt of the message made, now or when it is its turn."""
        flow = message.publish.flow
        if flow is None:
            if self.most is None or self.active < self.most:
                self.active += 1
                self._start(message)
                return
            if self._common is None:
                self._common = Lane("", self._kernel.clock.now)
            lane = self._common
        else:
            lane = self.lane(flow.key)
        lane.waiting[message.id] = message
        message.line = lane.waiting
        self._pump(lane)

    def ended(self, message: Message) -> None:
        """An attempt is over: whoever waits for its place may go on."""
        self.active -= 1
        lane, message.lane = message.lane, None
        if lane is not None:
            lane.active -= 1
            self._starved[lane.key] = lane
        while self._starved and (self.most is None or self.active < self.most):
            self._pump(self._starved.popitem(last=False)[1])

    def withdraw(self, message: Message) -> None:
        """Take a message out that waits."""
        flow = message.publish.flow
        lane = self._common if flow is None else self._lanes.get(flow.key)
        if message.line is not None:
            del message.line[message.id]
            message.line = None
        if lane is not None:
            self._arm(lane)

    # -- keys --------------------------------------------------------------------------------------

    def find(self, key: str) -> Lane | None:
        lane = self._lanes.get(key)
        if lane is not None:
            lane.roll(self._kernel.clock.now)
        return lane

    def lanes(self) -> Iterable[Lane]:
        """All keys, oldest first."""
        for lane in self._lanes.values():
            lane.roll(self._kernel.clock.now)
            yield lane

    def lane(self, key: str) -> Lane:
        """The key, new if it is not known."""
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = Lane(key, self._kernel.clock.now)
            if len(self._lanes) > KEEP_KEYS:
                self._forget_one()
        return lane

    def put_back(self, lane: Lane) -> None:
        """Add a key of an earlier time."""
        self._lanes[lane.key] = lane

    def changed(self, lane: Lane) -> None:
        """Its limits are others now, or it was paused or resumed."""
        self._pump(lane)

    # -- inside ------------------------------------------------------------------------------------

    def _forget_one(self) -> None:
        # A few are tried, so that the cost is flat; those in use go to the end.
        for _ in range(8):
            key, lane = self._lanes.popitem(last=False)
            if lane.idle:
                return
            self._lanes[key] = lane

    def _pump(self, lane: Lane) -> None:
        """Start whatever may start; what is started may end at once."""
        if lane.pumping:
            return
        lane.pumping = True
        while lane.waiting:
            lane.roll(self._kernel.clock.now)
            if not (lane.has_room and lane.has_rate):
                break
            if self.most is not None and self.active >= self.most:
                self._starved[lane.key if lane is not self._common else None] = lane
                break
            _, message = lane.waiting.popitem(last=False)
            message.line = None
            self.active += 1
            if lane is not self._common:
                lane.active += 1
                lane.started += 1
                message.lane = lane
            self._start(message)
        lane.pumping = False
        self._arm(lane)

    def _arm(self, lane: Lane) -> None:
        """Have the lane looked at when its next period begins, if that is what it waits for."""
        kernel = self._kernel
        if lane.timer is not None:
            kernel.cancel(lane.timer)
            lane.timer = None
        if not lane.waiting or not lane.has_room or lane.has_rate:
            return
        first = next(iter(lane.waiting.values()))

        def go_on() -> None:
            lane.timer = None
            self._pump(lane)

        lane.timer = kernel.at(
            lane.next_period,
            first.attempt_name + "/rate",
            go_on,
            roots=first.roots,
            task=first.attempt_name,
        )

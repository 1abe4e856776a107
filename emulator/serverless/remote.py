"""A bot that is always on, behind a URL: requests go there as they come, any number at a time, and
nothing is frozen.
"""

from collections.abc import Callable, Collection

from emulator.delivery import Delivery, Invocation
from emulator.exchange import Failure, Outcome, Request
from emulator.kernel import Kernel
from emulator.net import Client
from emulator.net.client import Place
from emulator.serverless.attached import LOCAL, place_of


class Remote:
    """A `Destination` of the kernel that sends over the network; on the network thread only.

    With `place` everything goes there, whatever its URL says; without it a request goes where its
    URL says, if that is on this machine. `settled` is called after each response, when there may be
    more to do.
    """

    def __init__(
        self,
        kernel: Kernel,
        client: Client,
        *,
        place: Place | None = None,
        settled: Callable[[], None] = lambda: None,
    ) -> None:
        self._kernel = kernel
        self._client = client
        self._place = place
        self._settled = settled
        self._open: dict[str, Invocation] = {}

    def accept(
        self, delivery: Delivery, request: Request, entry: int, done: Callable[[Outcome], None]
    ) -> None:
        place = self._place or _local_place(request)
        if place is None:
            done(Failure("refused", f"{request.origin} is not on this machine"))
            return
        invocation = Invocation(delivery, request, "remote", entry, self._kernel.clock.now)
        self._open[delivery.name] = invocation

        def answered(outcome: Outcome) -> None:
            del self._open[delivery.name]
            done(outcome)
            self._settled()

        self._client.send(place, request, answered, timeout_s=delivery.timeout_s)

    @property
    def open(self) -> Collection[Invocation]:
        """What was sent and is not answered yet."""
        return self._open.values()


def _local_place(request: Request) -> Place | None:
    place = place_of(request.url)
    return place if request.parts.scheme == "http" and place[0] in LOCAL else None

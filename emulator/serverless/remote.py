"""A bot that is always on, behind a URL: requests go there as they come, any number at a time, and
nothing is frozen.
"""

from collections.abc import Callable

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
        self._strangers = 0

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

    def invocation_for(self, request: Request) -> Invocation:
        """Which request the bot is working on when it makes this one.

        Certain when there is only one; else the first whose user message is named in it. What can
        not be told gets an invocation of its own, without a user message.
        """
        if len(self._open) == 1:
            (only,) = self._open.values()
            return only
        text = request.url.encode() + b"\n" + request.body
        for invocation in self._open.values():
            for root in invocation.roots:
                mid = self._kernel.mids.get(root)
                if mid is not None and mid.encode() in text:
                    return invocation
        name = f"x{self._strangers}"
        self._strangers += 1
        delivery = Delivery(
            name=name,
            kind="probe",
            due=self._kernel.clock.now,
            build=lambda: request,
            on_outcome=lambda outcome: None,
            timeout_s=0.0,
        )
        return Invocation(delivery, request, "remote", -1, self._kernel.clock.now)


def _local_place(request: Request) -> Place | None:
    place = place_of(request.url)
    return place if request.parts.scheme == "http" and place[0] in LOCAL else None

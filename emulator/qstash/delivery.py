"""Attempts to deliver: signed when they are sent, and given no longer than they may take."""

from collections.abc import Callable

from emulator.delivery import Delivery
from emulator.exchange import Outcome, Request
from emulator.kernel import Kernel
from emulator.qstash.ids import SHORT_ID_LENGTH, draw_id
from emulator.qstash.message import Message
from emulator.qstash.signing import KeyPair, sign
from emulator.qstash.wire import delivery_request


class Courier:
    """Hands attempts to the kernel. `timeout_s` is the longest that any attempt may take."""

    def __init__(self, kernel: Kernel, *, keys: KeyPair, region: str, timeout_s: float) -> None:
        self._kernel = kernel
        self._keys = keys
        self._region = region
        self._timeout_s = timeout_s

    def send(
        self,
        message: Message,
        on_outcome: Callable[[Outcome], None],
        *,
        due: float,
        on_start: Callable[[], None] | None = None,
    ) -> bool:
        """Have the message's next attempt made at `due` (seconds of the clock).

        Returns False, and never calls back, when the kernel cut what the message works for.
        """
        name = message.attempt_name
        timeout_s = self._timeout_s
        if message.publish.timeout_s is not None:
            timeout_s = min(timeout_s, message.publish.timeout_s)
        return self._kernel.deliver(
            Delivery(
                name=name,
                kind="queue",
                due=due,
                build=lambda: self._build(message, name),
                on_outcome=on_outcome,
                timeout_s=timeout_s,
                roots=message.roots,
                generation=message.generation,
                cause=message.entry,
                routes=message.routes,
                on_start=on_start,
            )
        )

    def _build(self, message: Message, name: str) -> Request:
        kernel = self._kernel
        signature = sign(
            self._keys.current,
            url=message.publish.url,
            body=message.publish.body,
            unix=kernel.clock.unix,
            token_id=draw_id(kernel.chance, "jwt_", name, SHORT_ID_LENGTH),
        )
        return delivery_request(message, signature=signature, region=self._region)

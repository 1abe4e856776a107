"""Attempts to deliver: signed when they are sent, and given no longer than they may take."""

from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urljoin

from emulator.delivery import Delivery
from emulator.exchange import Outcome, Reply, Request
from emulator.kernel import Kernel
from emulator.qstash.ids import SHORT_ID_LENGTH, draw_id
from emulator.qstash.message import Message
from emulator.qstash.signing import KeyPair, sign
from emulator.qstash.switches import DEFAULT_SWITCHES, Switches
from emulator.qstash.wire import delivery_request

MAX_REDIRECTS = 5
# RFC 9110, section 15.4: what a client turns into a GET, and what it repeats as it was.
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_REDIRECTS_AS_GET = frozenset({301, 302, 303})


class Courier:
    """Hands attempts to the kernel. `timeout_s` is the longest that any attempt may take."""

    def __init__(
        self,
        kernel: Kernel,
        *,
        keys: KeyPair,
        region: str,
        timeout_s: float,
        switches: Switches = DEFAULT_SWITCHES,
    ) -> None:
        self._kernel = kernel
        self._keys = keys
        self._region = region
        self._timeout_s = timeout_s
        self._switches = switches

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
        name, retried = message.attempt_name, message.retried
        timeout_s = self._timeout_s
        if message.publish.timeout_s is not None:
            timeout_s = min(timeout_s, message.publish.timeout_s)
        if self._switches.follow_redirects:
            on_outcome = self._following(message, name, retried, on_outcome, due + timeout_s)
        return self._deliver(
            message,
            name,
            lambda: self._build(message, name, retried),
            on_outcome,
            due=due,
            timeout_s=timeout_s,
            on_start=on_start,
        )

    def _deliver(
        self,
        message: Message,
        name: str,
        build: Callable[[], Request],
        on_outcome: Callable[[Outcome], None],
        *,
        due: float,
        timeout_s: float,
        on_start: Callable[[], None] | None = None,
    ) -> bool:
        return self._kernel.deliver(
            Delivery(
                name=name,
                kind="queue",
                due=due,
                build=build,
                on_outcome=on_outcome,
                timeout_s=timeout_s,
                roots=message.roots,
                generation=message.generation,
                cause=message.entry,
                routes=message.routes,
                on_start=on_start,
            )
        )

    def _build(self, message: Message, name: str, retried: int) -> Request:
        kernel = self._kernel
        signature = sign(
            self._keys.current,
            url=message.publish.url,
            body=message.body,
            unix=kernel.clock.bot_unix,
            token_id=draw_id(kernel.chance, "jwt_", name, SHORT_ID_LENGTH),
        )
        request = delivery_request(
            message, signature=signature, region=self._region, retried=retried
        )
        switches = self._switches
        if switches.accept_encoding:
            encoding = ("Accept-Encoding", switches.accept_encoding)
            request = replace(request, headers=(*request.headers, encoding))
        if switches.http_version != request.http_version:
            request = replace(request, http_version=switches.http_version)
        return request

    def _following(
        self,
        message: Message,
        name: str,
        retried: int,
        on_outcome: Callable[[Outcome], None],
        until: float,
        url: str = "",
        hops: int = 0,
    ) -> Callable[[Outcome], None]:
        """Go on to where a redirect points, within what is left of the attempt's time."""
        url = url or message.publish.url

        def ended(outcome: Outcome) -> None:
            now = self._kernel.clock.now
            location = outcome.header("Location") if isinstance(outcome, Reply) else None
            if (
                not isinstance(outcome, Reply)
                or outcome.status not in _REDIRECTS
                or location is None
                or hops == MAX_REDIRECTS
                or now >= until
            ):
                on_outcome(outcome)
                return
            target = urljoin(url, location)
            as_get = outcome.status in _REDIRECTS_AS_GET

            def build() -> Request:
                request = replace(self._build(message, name, retried), url=target)
                return replace(request, method="GET", body=b"") if as_get else request

            sent = self._deliver(
                message,
                f"{name}/redirect{hops + 1}",
                build,
                self._following(message, name, retried, on_outcome, until, target, hops + 1),
                due=now,
                timeout_s=until - now,
            )
            if not sent:
                on_outcome(outcome)

        return ended

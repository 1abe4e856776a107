"""What an app is subscribed to; and the handshake: the platform asks the callback to echo a number,
and judges the answer.
"""

import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from emulator.delivery import Delivery
from emulator.exchange import Failure, Outcome
from emulator.kernel import Kernel
from emulator.meta import identity
from emulator.meta.credentials import Credentials
from emulator.meta.delivery.coding import plain_body
from emulator.meta.delivery.courier import Courier
from emulator.meta.delivery.subscribed import Stop
from emulator.meta.delivery.wire import handshake_request
from emulator.meta.platform import OBJECTS, PlatformName

# No page states a limit for the handshake; the one of webhooks is taken (Messenger docs, FAQ).
HANDSHAKE_TIMEOUT_S = 20.0

# Where a callback may be plain http.
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

# Of the fields, as the listing shows it; each is as good as any here.
FIELD_VERSION = "v23.0"

# How much of an answer's body is kept, in characters: enough to recognise an error page.
KEEP_BODY = 500


@dataclass(slots=True, eq=False)
class Handshake:
    """One handshake and its verdict; `verified` is None until the world has run far enough.

    `token_right` says whether the token that was sent is the page's own: a bot has to echo the
    challenge exactly then. `echoed` is whether the challenge occurs in the body, whatever the
    status; `status` is None when no response came; `warning` is set when a verified answer is one
    that a stricter reader would refuse.
    """

    name: str
    token_right: bool
    challenge: str
    verified: bool | None = None
    status: int | None = None
    body: str = ""
    echoed: bool = False
    reason: str = "not answered yet"
    warning: str = ""

    def judge(self, outcome: Outcome) -> None:
        """Fill in the verdict: verified is status 200 and a body that equals the challenge."""
        if isinstance(outcome, Failure):
            self.verified = False
            self.reason = f"no response: {outcome.kind}"
            return
        plain = plain_body(outcome)
        body = plain.strip()
        wanted = self.challenge.encode()
        self.status = outcome.status
        self.body = plain.decode("utf-8", "replace")[:KEEP_BODY]
        self.echoed = wanted in body
        self.verified = outcome.status == 200 and body == wanted
        if self.verified:
            self.reason = "the challenge was echoed"
            if body != plain:
                self.warning = "white space around the challenge"
            elif "json" in (outcome.header("content-type") or "").lower():
                self.warning = "the challenge was sent as JSON, not as plain text"
        elif outcome.status != 200:
            self.reason = f"status {outcome.status}, expected 200"
        elif body == b'"%s"' % wanted:
            self.reason = "the body is the challenge in quotation marks"
        else:
            self.reason = "the body is not the challenge"


@dataclass(frozen=True, slots=True)
class Callback:
    """Where an app wants to be told of one kind of object, and of which fields."""

    url: str
    fields: frozenset[str]
    is_active: bool


class Subscription:
    """The callbacks of one app, one for each kind of `object`; and the handshakes with them.

    A callback that fails its handshake is told nothing from then on, until one is saved that does
    not; that the callback from before is not told either is assumed. The app starts with a verified
    callback for the platform's own kind.
    """

    def __init__(
        self,
        kernel: Kernel,
        *,
        url: str,
        credentials: Credentials,
        courier: Courier | None = None,
        platform: PlatformName = "messenger",
    ) -> None:
        """`courier` is what the callback has consequences for."""
        self._kernel = kernel
        self._url = url
        self._credentials = credentials
        self._courier = courier
        self._kind = OBJECTS[platform]
        self._sent = 0
        # None for what the app was subscribed to from the start: the fields are those of the
        # account then.
        self._callbacks: dict[str, Callback | None] = {self._kind: None}
        self._latest: dict[str, Handshake] = {}

    def probe(self, verify_token: str | None = None) -> Handshake:
        """Put a handshake on the agenda, with the page's own token unless another one is given.

        It only asks: nothing depends on its verdict.
        """
        own = self._credentials.verify_token
        token = own if verify_token is None else verify_token
        url = self._url if self._courier is None else self._courier.url
        return self._ask(url, token, lambda handshake: None)

    def save(
        self,
        kind: str,
        callback_url: str,
        verify_token: str,
        fields: Sequence[str],
        *,
        on_verdict: Callable[[Handshake], None],
    ) -> Handshake:
        """Have the app told of `fields` (those of before when there are none) of a `kind` of object
        at `callback_url`, if that passes a handshake with `verify_token`.

        `on_verdict` is called once, later. A callback that is neither https nor on this machine
        fails without being asked.
        """

        def judged(handshake: Handshake) -> None:
            if self._latest.get(kind) is handshake:
                del self._latest[kind]
                self._conclude(kind, callback_url, fields, handshake)
            on_verdict(handshake)

        handshake = self._latest[kind] = self._ask(callback_url, verify_token, judged)
        return handshake

    def remove(self, kind: str | None) -> None:
        """Tell the app nothing more of a kind of object, or of anything when None."""
        for gone in list(self._callbacks) if kind is None else [kind]:
            self._callbacks.pop(gone, None)
            self._latest.pop(gone, None)
            if gone == self._kind:
                self._silence("unsubscribed")

    def listing(self) -> Mapping[str, object]:
        """`{"data":[{"object","callback_url","active","fields":[{"name","version"}]}]}`"""
        return {"data": [self._show(kind) for kind in self._callbacks]}

    # -- inside

    def _ask(self, url: str, token: str, judged: Callable[[Handshake], None]) -> Handshake:
        own = self._credentials.verify_token
        name = f"handshake{self._sent}"
        self._sent += 1
        handshake = Handshake(
            name=name,
            token_right=hmac.compare_digest(token.encode(), own.encode()),
            challenge=identity.challenge(self._kernel.chance, name),
        )

        def answered(outcome: Outcome) -> None:
            handshake.judge(outcome)
            judged(handshake)

        def refused() -> None:
            handshake.verified = False
            handshake.reason = "the callback is not https"
            judged(handshake)

        # Messenger docs, "Meta Webhooks for Messenger Platform": HTTPS with a valid certificate.
        if not _is_secure(url) and url != self._url:
            self._kernel.at(self._kernel.clock.now, name, refused)
            return handshake
        self._kernel.deliver(
            Delivery(
                name=name,
                kind="probe",
                due=self._kernel.clock.now,
                build=lambda: handshake_request(
                    url, challenge=handshake.challenge, verify_token=token
                ),
                on_outcome=answered,
                timeout_s=HANDSHAKE_TIMEOUT_S,
            )
        )
        return handshake

    def _conclude(self, kind: str, url: str, fields: Sequence[str], handshake: Handshake) -> None:
        is_active = handshake.verified is True
        before = self._callbacks.get(kind)
        chosen = frozenset(fields) or (before.fields if before is not None else frozenset())
        if not chosen and kind in self._callbacks:
            chosen = self._own_fields()
        self._callbacks[kind] = Callback(url, chosen, is_active)
        if kind != self._kind or self._courier is None:
            return
        if not is_active:
            self._silence("unverified")
            return
        subscribed = self._courier.subscribed
        was_mute = subscribed.mute is not None
        self._courier.url = url
        subscribed.app_fields = chosen
        subscribed.mute = None
        if was_mute:
            self._courier.resume()

    def _silence(self, why: Stop) -> None:
        if self._courier is not None and self._courier.subscribed.mute != why:
            self._courier.subscribed.mute = why
            self._courier.stop()

    def _own_fields(self) -> frozenset[str]:
        return frozenset() if self._courier is None else frozenset(self._courier.subscribed.fields)

    def _show(self, kind: str) -> Mapping[str, object]:
        callback = self._callbacks[kind] or Callback(self._url, self._own_fields(), True)
        return {
            "object": kind,
            "callback_url": callback.url,
            "active": callback.is_active,
            "fields": [
                {"name": name, "version": FIELD_VERSION} for name in sorted(callback.fields)
            ],
        }


def _is_secure(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "https" or parts.hostname in LOOPBACK

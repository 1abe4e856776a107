"""What an app is subscribed to; and the handshake: the platform asks the callback to echo a number,
and judges the answer.
"""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from emulator.delivery import Delivery
from emulator.errors import ScenarioError
from emulator.exchange import Failure, Outcome
from emulator.kernel import Kernel
from emulator.meta import identity
from emulator.meta.coding import plain_body
from emulator.meta.credentials import Credentials
from emulator.meta.wire import handshake_request

# What an app can subscribe to on a page; Messenger docs, "Webhook Events Reference".
Field = Literal[
    "messages",
    "messaging_postbacks",
    "message_deliveries",
    "message_reads",
    "message_reactions",
    "message_edits",
    "messaging_referrals",
    "messaging_optins",
    "messaging_account_linking",
    "messaging_handovers",
    "messaging_policy_enforcement",
    "response_feedback",
    "send_cart",
    "standby",
    "message_echoes",
    "feed",
]

# No page states a limit for the handshake; the one of webhooks is taken (Messenger docs, FAQ).
HANDSHAKE_TIMEOUT_S = 20.0

# How much of an answer's body is kept, in characters: enough to recognise an error page.
KEEP_BODY = 500


def check_fields(fields: Iterable[Field]) -> frozenset[Field]:
    """The fields as a set; raises ScenarioError when a page has no such field."""
    chosen = frozenset(fields)
    unknown = chosen.difference(get_args(Field))
    if unknown:
        raise ScenarioError(f"a page has no field {', '.join(sorted(unknown))}")
    return chosen


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


class Subscription:
    """Sends handshakes to one callback."""

    def __init__(self, kernel: Kernel, *, url: str, credentials: Credentials) -> None:
        self._kernel = kernel
        self._url = url
        self._credentials = credentials
        self._sent = 0

    def probe(self, verify_token: str | None = None) -> Handshake:
        """Put a handshake on the agenda, with the page's own token unless another one is given."""
        own = self._credentials.verify_token
        token = own if verify_token is None else verify_token
        name = f"handshake{self._sent}"
        self._sent += 1
        handshake = Handshake(
            name=name,
            token_right=hmac.compare_digest(token.encode(), own.encode()),
            challenge=identity.challenge(self._kernel.chance, name),
        )
        self._kernel.deliver(
            Delivery(
                name=name,
                kind="probe",
                due=self._kernel.clock.now,
                build=lambda: handshake_request(
                    self._url, challenge=handshake.challenge, verify_token=token
                ),
                on_outcome=handshake.judge,
                timeout_s=HANDSHAKE_TIMEOUT_S,
            )
        )
        return handshake

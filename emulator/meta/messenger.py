"""Messenger as a bot meets it: people write to a page, webhooks tell the bot, the bot answers.

Texts only; what is said in `wire.py`, how it travels in `delivery.py`, the answers in `graph.py`.
"""

import hmac
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal, get_args
from urllib.parse import unquote, urlsplit

from emulator.call import Access, Call
from emulator.errors import ScenarioError
from emulator.exchange import Outcome, Reply, Request
from emulator.kernel import Kernel
from emulator.meta import identity
from emulator.meta.api import graph_app
from emulator.meta.contacts import Contacts
from emulator.meta.credentials import (
    FAKE_APP_ID,
    FAKE_APP_SECRET,
    FAKE_PAGE_ID,
    FAKE_PAGE_TOKEN,
    FAKE_VERIFY_TOKEN,
    Credentials,
)
from emulator.meta.delivery import ACK_TIMEOUT_S, Courier, Spacing, Webhook
from emulator.meta.graph import (
    BAD_TOKEN,
    NO_MATCHING_USER,
    NO_TOKEN,
    Gesture,
    Refusal,
    Say,
    read_address,
    read_send,
)
from emulator.meta.outbox import Outbox, Sent
from emulator.meta.parameters import read_parameters
from emulator.meta.subscription import Handshake, Subscription
from emulator.meta.wire import Item, envelope, text_item
from emulator.service import call_asgi

ORIGIN = "https://graph.facebook.com"

# How the messages of a batch share one notification: an entry each, as the platform does today, or
# as several items of one entry, which its older reference allowed.
BatchMode = Literal["entries", "items"]

BATCH_LIMIT = 1_000  # updates in one notification; Graph API docs, "Webhooks / Get started"


@dataclass(frozen=True, slots=True)
class UserMessage:
    """A text that a person wrote, or will write, to the page `at` seconds of the clock."""

    root: str
    mid: str
    sender: str
    psid: str
    text: str
    at: float


class Messenger:
    """One page whose app is the bot under test, taken as subscribed to `messages` from the start.

    Satisfies `emulator.service.Service` for the Graph API. Every notification goes out `copies`
    times (see `emulator.meta.delivery` for spacing, acknowledgement and redelivery).
    """

    name = "graph"

    def __init__(
        self,
        kernel: Kernel,
        *,
        callback_url: str,
        app_secret: str = FAKE_APP_SECRET,
        verify_token: str = FAKE_VERIFY_TOKEN,
        page_token: str = FAKE_PAGE_TOKEN,
        page_id: str | None = None,
        app_id: str | None = None,
        copies: int = 3,
        spacing: Spacing = "at-once",
        timeout_s: float = ACK_TIMEOUT_S,
        origins: Sequence[str] = (ORIGIN,),
    ) -> None:
        """Raises ScenarioError when `callback_url` is not an absolute http(s) address without a
        fragment, or `copies` or `spacing` make no sense."""
        parts = urlsplit(callback_url)
        if parts.scheme not in ("http", "https") or not parts.netloc or parts.fragment:
            raise ScenarioError(f"callback_url must be an absolute http(s) URL, not {callback_url}")
        self.kernel = kernel
        self.callback_url = callback_url
        self.credentials = Credentials(
            page_id=page_id or FAKE_PAGE_ID,
            app_id=app_id or FAKE_APP_ID,
            app_secret=app_secret,
            verify_token=verify_token,
            page_token=page_token,
        )
        self.courier = Courier(
            kernel,
            url=callback_url,
            app_secret=app_secret,
            copies=copies,
            spacing=spacing,
            timeout_s=timeout_s,
        )
        self.contacts = Contacts(kernel.chance, page_id=self.credentials.page_id)
        self.outbox = Outbox(kernel, self.contacts)
        self._subscription = Subscription(kernel, url=callback_url, credentials=self.credentials)
        self._origins = frozenset(origin.lower() for origin in origins)
        self._direct_requests = 0

    # -- what people do --------------------------------------------------------------------------

    def message(self, text: str, *, sender: str = "ada", at: float | None = None) -> UserMessage:
        """A person writes a text, at `at` seconds of the clock (now when None).

        Raises ScenarioError when that lies in the past.
        """
        return self.batch([text], sender=sender, at=at)[0]

    def batch(
        self,
        texts: Sequence[str],
        *,
        sender: str = "ada",
        at: float | None = None,
        mode: BatchMode = "entries",
    ) -> list[UserMessage]:
        """A person writes several texts at once, and the bot is told of them in one notification.

        Raises ScenarioError when there are none or more than 1,000 of them, for a time in the past,
        and for a mode that does not exist.
        """
        now = self.kernel.clock.now
        when = now if at is None else at
        if not 1 <= len(texts) <= BATCH_LIMIT:
            raise ScenarioError(f"a batch has 1 to {BATCH_LIMIT:,} messages, not {len(texts):,}")
        if mode not in get_args(BatchMode):
            raise ScenarioError(f"mode must be one of entries, items, not {mode}")
        if when < now:
            raise ScenarioError(f"nobody can write at {when}, the clock is at {now}")
        messages = [self._compose(text, sender, when) for text in texts]
        if when == now:
            self._write(messages, mode)
        else:
            roots = tuple(message.root for message in messages)
            self.kernel.at(when, roots[0], partial(self._write, messages, mode), roots=roots)
        return messages

    def subscribe(self, verify_token: str | None = None) -> Handshake:
        """Save the callback in the dashboard: a handshake, with a wrong token if one is given.

        The fields of the result fill in when the world runs. Whatever the verdict, notifications
        go on.
        """
        return self._subscription.probe(verify_token)

    # -- the Graph API ---------------------------------------------------------------------------

    @property
    def sent(self) -> deque[Sent]:
        """The latest accepted messages of the bot, oldest first; `sent_count` counts them all."""
        return self.outbox.sent

    @property
    def sent_count(self) -> int:
        return self.outbox.count

    def claims(self, request: Request) -> bool:
        return request.origin in self._origins

    def access(self, request: Request) -> Access:
        """A send or a sender action writes to the conversation with its recipient."""
        if request.method != "POST" or read_address(unquote(request.raw_path)).segments[1:] != (
            "messages",
        ):
            return Access("request")
        wanted = read_send(
            read_parameters(request.raw_query, request.header("content-type") or "", request.body)
        )
        if isinstance(wanted, Refusal):
            return Access("send")
        verb = "send" if isinstance(wanted, Say) else "typing"
        return Access(verb, writes=frozenset({f"graph:recipient:{wanted.to}"}))

    def answer(self, call: Call) -> Outcome:
        return self.handle(call.request, call)

    def handle(self, request: Request, call: Call | None = None) -> Reply:
        """Answer a request. Without a call it is not the bot's; what it sends answers nobody."""
        return call_asgi(graph_app, request, **{"thrice.fake": self, "thrice.call": call})

    def refuse_token(self, token: str) -> Refusal | None:
        if not token:
            return NO_TOKEN
        own = self.credentials.page_token.encode()
        right = hmac.compare_digest(token.encode("utf-8", "surrogatepass"), own)
        return None if right else BAD_TOKEN

    def send(
        self, node: str, parameters: Mapping[str, object] | None, call: Call | None
    ) -> Mapping[str, object] | Refusal | None:
        """A message or a sender action of `me` or the page's id; the body of the answer."""
        if node not in ("me", self.credentials.page_id):
            return None
        wanted = read_send(parameters)
        if isinstance(wanted, Refusal):
            return wanted
        # The page itself is nobody's user: a bot that answers its own echoes fails here.
        if not self.contacts.knows(wanted.to):
            return NO_MATCHING_USER
        if isinstance(wanted, Gesture):
            return {"recipient_id": wanted.to}
        sent = self.outbox.accept(wanted, call)
        return {"recipient_id": sent.to, "message_id": sent.message_id}

    def trace_id(self, call: Call | None) -> str:
        if call is not None:
            return identity.trace_id(self.kernel.chance, call.name)
        self._direct_requests += 1
        return identity.trace_id(self.kernel.chance, f"direct{self._direct_requests}")

    # -- inside ----------------------------------------------------------------------------------

    def _compose(self, text: str, sender: str, at: float) -> UserMessage:
        # All platforms of a world enter their messages there, so that no two share a name.
        root = f"u{len(self.kernel.mids)}"
        mid = self.kernel.mids[root] = identity.mid(self.kernel.chance, root)
        return UserMessage(root, mid, sender, self.contacts.psid(sender), text, at)

    def _write(self, messages: Sequence[UserMessage], mode: BatchMode) -> None:
        """The moment has come: note the messages, and send what tells of them."""
        kernel = self.kernel
        page_id = self.credentials.page_id
        timestamp_ms = round(kernel.clock.unix * 1000)
        items: list[Item] = []
        causes = []
        for message in messages:
            self.contacts.wrote(message.root, message.psid)
            causes.append(
                kernel.note(
                    "message",
                    message.root,
                    roots=(message.root,),
                    detail={
                        "sender": message.sender,
                        "psid": message.psid,
                        "mid": message.mid,
                        "text": message.text,
                    },
                )
            )
            items.append(
                text_item(
                    sender=message.psid,
                    recipient=page_id,
                    timestamp_ms=timestamp_ms,
                    mid=message.mid,
                    text=message.text,
                )
            )
        groups = [items] if mode == "items" else [[item] for item in items]
        self.courier.send(
            Webhook(
                name=messages[0].root,
                roots=tuple(message.root for message in messages),
                cause=causes[0],
                render=lambda time_ms: envelope("page", page_id, groups, time_ms=time_ms),
            )
        )

"""Messenger as a bot meets it: people write to a page, webhooks tell the bot, the bot answers.

Texts only; what is said in `wire.py`, how it travels in `delivery.py`, the answers in `graph.py`,
and what comes back of the bot's own sends in `feedback.py`.
"""

import hmac
from collections import deque
from collections.abc import Mapping, Sequence
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
from emulator.meta.delivery import ACK_TIMEOUT_S, Courier, Spacing
from emulator.meta.feedback import ECHO_LIMIT, Feedback
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
from emulator.meta.inbox import BatchMode, Inbox, UserMessage
from emulator.meta.outbox import Action, Outbox, Sent
from emulator.meta.parameters import read_parameters
from emulator.meta.profile import page_profile, person_profile, read_fields
from emulator.meta.subscription import Field, Handshake, Subscription, check_fields
from emulator.service import call_asgi

ORIGIN = "https://graph.facebook.com"

# What becomes of a send to the page's own id. Refused by default; reports of endless loops from the
# platform's first years say that it was once accepted.
EchoToSelf = Literal["refuse", "accept"]


class Messenger:
    """One page whose app is the bot under test, taken as subscribed to `fields` from the start.

    Of these only `messages`, `message_echoes`, `message_deliveries` and `message_reads` ever tell
    of anything, because nothing else happens here. Every notification goes out `copies` times (see
    `emulator.meta.delivery` for spacing, acknowledgement and redelivery). `echo_to_self` says what
    becomes of a send to the page itself; of one echo loop the bot is told at most `echo_limit`
    sends, on top of the limits of the kernel. Satisfies `emulator.service.Service` for the Graph
    API.
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
        fields: Sequence[Field] = ("messages",),
        echo_to_self: EchoToSelf = "refuse",
        echo_limit: int = ECHO_LIMIT,
    ) -> None:
        """Raises ScenarioError when `callback_url` is not an absolute http(s) address without a
        fragment, or another option makes no sense."""
        parts = urlsplit(callback_url)
        if parts.scheme not in ("http", "https") or not parts.netloc or parts.fragment:
            raise ScenarioError(f"callback_url must be an absolute http(s) URL, not {callback_url}")
        if echo_to_self not in get_args(EchoToSelf):
            raise ScenarioError(f"echo_to_self must be one of refuse, accept, not {echo_to_self}")
        self.kernel = kernel
        self.fields = check_fields(fields)
        self.echo_to_self: EchoToSelf = echo_to_self
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
        self.inbox = Inbox(
            kernel,
            self.contacts,
            self.courier,
            page_id=self.credentials.page_id,
            told="messages" in self.fields,
        )
        self.outbox = Outbox(kernel, self.contacts)
        self._feedback = Feedback(
            kernel,
            self.courier,
            credentials=self.credentials,
            fields=self.fields,
            limit=echo_limit,
        )
        self._subscription = Subscription(kernel, url=callback_url, credentials=self.credentials)
        self._origins = frozenset(origin.lower() for origin in origins)
        self._direct_requests = 0
        self._openings = 0

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
        return self.inbox.write(texts, sender=sender, at=at, mode=mode)

    def repeat(self, message: UserMessage, *, at: float, copies: int = 1) -> None:
        """The platform sends the notification of a message again, however it was answered: copies
        with the numbers after those that there have been, from `at` seconds of the clock on.

        A message of a batch comes back with the whole of it. Raises ScenarioError when there would
        be no copy, for a message to another page, and for a time in the past or before the message
        is written.
        """
        self.inbox.repeat(message, at=at, copies=copies)

    def open_thread(self, sender: str = "ada", *, at: float | None = None) -> None:
        """A person looks at what the page has written to them, at `at` seconds of the clock (now
        when None): a read receipt, if there is something new.

        Raises ScenarioError for a time in the past.
        """
        now = self.kernel.clock.now
        when = now if at is None else at
        if when < now:
            raise ScenarioError(f"nobody can read at {when}, the clock is at {now}")
        opened = partial(self._feedback.opened, self.contacts.psid(sender))
        if when == now:
            opened()
        else:
            self.kernel.at(when, f"opening{self._openings}", opened)
            self._openings += 1

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

    @property
    def actions(self) -> deque[Action]:
        """The latest accepted sender actions of the bot, oldest first."""
        return self.outbox.actions

    def claims(self, request: Request) -> bool:
        return request.origin in self._origins

    def access(self, request: Request) -> Access:
        """A send or a sender action writes to the conversation with its recipient."""
        segments = read_address(unquote(request.raw_path)).segments
        if request.method == "GET" and len(segments) == 1:
            node = self.credentials.page_id if segments == ("me",) else segments[0]
            return Access("profile", reads=frozenset({f"graph:profile:{node}"}))
        if request.method != "POST" or segments[1:] != ("messages",):
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
        to_page = wanted.to == self.credentials.page_id and self.echo_to_self == "accept"
        if not to_page and not self.contacts.knows(wanted.to):
            return NO_MATCHING_USER
        if isinstance(wanted, Gesture):
            self.outbox.act(wanted, call)
            return {"recipient_id": wanted.to}
        sent = self.outbox.accept(wanted, call)
        self._feedback.accepted(sent, to_person=not to_page)
        return {"recipient_id": sent.to, "message_id": sent.message_id}

    def profile(
        self, node: str, parameters: Mapping[str, object] | None
    ) -> Mapping[str, object] | Refusal | None:
        """The fields of the page (`me` or its id) or of a person who has written to it."""
        fields = read_fields(parameters)
        if node in ("me", self.credentials.page_id):
            return page_profile(page_id=self.credentials.page_id, fields=fields)
        nickname = self.contacts.nickname(node)
        if nickname is None:
            return None
        return person_profile(self.kernel.chance, psid=node, nickname=nickname, fields=fields)

    def trace_id(self, call: Call | None) -> str:
        if call is not None:
            return identity.trace_id(self.kernel.chance, call.name)
        self._direct_requests += 1
        return identity.trace_id(self.kernel.chance, f"direct{self._direct_requests}")

"""Messenger as a bot meets it: people write to a page, webhooks tell the bot, the bot answers.

What is said in `wire.py`, how it travels in `delivery.py`, the answers in `graph.py`, and what
comes back of the bot's own sends in `feedback.py`.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from functools import partial
from typing import get_args
from urllib.parse import unquote, urlsplit

from emulator.call import Access, Call
from emulator.errors import ScenarioError
from emulator.exchange import Outcome, Reply, Request
from emulator.kernel import Kernel
from emulator.meta.api import graph_app
from emulator.meta.attachment import AttachmentKind
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
from emulator.meta.endpoints import EchoToSelf, Endpoints
from emulator.meta.feedback import ECHO_LIMIT, Feedback
from emulator.meta.files import FILES_ORIGIN, serve_file
from emulator.meta.graph import Refusal, Say, read_address, read_send
from emulator.meta.inbox import BatchMode, Inbox
from emulator.meta.outbox import Action, Outbox, Sent
from emulator.meta.parameters import read_parameters
from emulator.meta.reaction import Reaction, ReactionAction
from emulator.meta.subscribed import Subscribed
from emulator.meta.subscription import Field, Handshake, Subscription, check_fields
from emulator.meta.user_message import UserMessage
from emulator.meta.window import EventTags
from emulator.service import call_asgi

ORIGIN = "https://graph.facebook.com"


class Messenger:
    """One page whose app is the bot under test, taken as subscribed to `fields` from the start.

    Of these only `messages`, `messaging_postbacks`, `message_reactions`, `standby` and the three of
    the bot's own sends (`message_echoes`, `message_deliveries`, `message_reads`) ever tell of
    anything, because nothing else happens here. Every notification goes out `copies` times (see
    `emulator.meta.delivery` for spacing, acknowledgement, redelivery and disablement).
    `echo_to_self` says what becomes of a send to the page itself; of one echo loop the bot is told
    at most `echo_limit` sends, on top of the limits of the kernel; `event_tags` whether the three
    message tags for events reach people outside of the 24-hour window. Satisfies
    `emulator.service.Service` for the Graph API and for the files of attachments.
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
        event_tags: EventTags = "refuse",
    ) -> None:
        """Raises ScenarioError when `callback_url` is not an absolute http(s) address without a
        fragment, or another option makes no sense."""
        parts = urlsplit(callback_url)
        if parts.scheme not in ("http", "https") or not parts.netloc or parts.fragment:
            raise ScenarioError(f"callback_url must be an absolute http(s) URL, not {callback_url}")
        if echo_to_self not in get_args(EchoToSelf):
            raise ScenarioError(f"echo_to_self must be one of refuse, accept, not {echo_to_self}")
        if event_tags not in get_args(EventTags):
            raise ScenarioError(f"event_tags must be one of refuse, accept, not {event_tags}")
        self.kernel = kernel
        self.subscribed = Subscribed(check_fields(fields))
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
            subscribed=self.subscribed,
        )
        self.contacts = Contacts(kernel.chance, page_id=self.credentials.page_id)
        self.inbox = Inbox(
            kernel,
            self.contacts,
            self.courier,
            page_id=self.credentials.page_id,
            subscribed=self.subscribed,
        )
        self.outbox = Outbox(kernel, self.contacts)
        self._feedback = Feedback(
            kernel,
            self.courier,
            credentials=self.credentials,
            subscribed=self.subscribed,
            limit=echo_limit,
        )
        self._endpoints = Endpoints(
            kernel,
            credentials=self.credentials,
            contacts=self.contacts,
            outbox=self.outbox,
            feedback=self._feedback,
            courier=self.courier,
            echo_to_self=echo_to_self,
            event_tags=event_tags,
        )
        self._subscription = Subscription(kernel, url=callback_url, credentials=self.credentials)
        self._origins = frozenset((FILES_ORIGIN, *(origin.lower() for origin in origins)))
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

    def standby(self, text: str, *, sender: str = "ada", at: float | None = None) -> UserMessage:
        """A person writes a text while another app has the conversation: the bot may listen, but
        is not asked.

        Raises ScenarioError for a time in the past.
        """
        return self.inbox.listen(text, sender=sender, at=at)

    def attachment(
        self,
        kind: AttachmentKind = "image",
        *,
        url: str | None = None,
        payload: Mapping[str, object] | None = None,
        sender: str = "ada",
        at: float | None = None,
    ) -> UserMessage:
        """A person sends something other than a text; without `url`, a file that can be fetched.

        `payload` replaces the one that this kind has by default. A `fallback` with neither of them
        has no payload at all. Raises ScenarioError for an unknown kind, for one that needs a
        payload, and for a time in the past.
        """
        return self.inbox.attach(kind, url=url, payload=payload, sender=sender, at=at)

    def postback(
        self,
        title: str,
        payload: str,
        *,
        ref: str | None = None,
        sender: str = "ada",
        at: float | None = None,
        standby: bool = False,
    ) -> UserMessage:
        """A person taps a button; `ref` is that of the link that brought them to the page. In
        `standby` the bot is not told the payload.

        Raises ScenarioError for a time in the past.
        """
        return self.inbox.tap(title, payload, ref=ref, sender=sender, at=at, standby=standby)

    def react(
        self,
        message: UserMessage | Sent | str,
        reaction: Reaction = "love",
        *,
        emoji: str | None = None,
        action: ReactionAction = "react",
        sender: str | None = None,
        at: float | None = None,
    ) -> UserMessage:
        """A person reacts to a message of their own, to one of the bot, or to one with this mid.

        By default it is whoever wrote or was sent it, and `ada` when only a mid is given. Raises
        ScenarioError when people can not react so, and for a time in the past.
        """
        if isinstance(message, str):
            mid, person = message, "ada"
        elif isinstance(message, Sent):
            mid, person = message.message_id, self.contacts.nickname(message.to) or "ada"
        else:
            mid, person = message.mid, message.sender
        return self.inbox.react(
            mid, reaction, emoji=emoji, action=action, sender=sender or person, at=at
        )

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

    # -- the subscription of the app to the page -------------------------------------------------

    @property
    def fields(self) -> frozenset[Field]:
        """What the app is subscribed to."""
        return self.subscribed.fields

    @property
    def is_subscribed(self) -> bool:
        """False after an hour of failure, until `resubscribe`."""
        return self.subscribed.stopped is None

    def resubscribe(self, fields: Sequence[Field] | None = None) -> None:
        """Subscribe the app to the page by hand, to the fields of before when None.

        What happened while it was not subscribed is lost. Raises ScenarioError when a page has no
        such field.
        """
        self._endpoints.resubscribe(self.fields if fields is None else check_fields(fields))

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
        if segments[1:] == ("subscribed_apps",):
            touched = frozenset({"graph:subscription"})
            if request.method == "GET":
                return Access("subscription", reads=touched)
            return Access("subscription", writes=touched)
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
        if request.origin == FILES_ORIGIN:
            return serve_file(self.kernel.chance, request, unix=self.kernel.clock.unix)
        return call_asgi(
            graph_app, request, **{"thrice.fake": self._endpoints, "thrice.call": call}
        )

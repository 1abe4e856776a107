"""The account that people write to and the app behind it: what `Messenger`, `Instagram` and
`WhatsApp` have in common.

How webhooks travel is in `delivery.py`, what people do in `inbox.py`, the answers of the bot in
`endpoints.py`, and what comes back of its own sends in `feedback.py`.
"""

from collections import deque
from collections.abc import Sequence
from functools import partial
from typing import TypedDict, Unpack
from urllib.parse import urlsplit

from emulator.call import Access, Call
from emulator.errors import ScenarioError
from emulator.exchange import Blocked, Outcome, Reply, Request
from emulator.kernel import Kernel
from emulator.meta.contacts import Contacts
from emulator.meta.credentials import Credentials
from emulator.meta.delivery.courier import Courier, Grouping, Order, Spacing
from emulator.meta.delivery.signing import Signatures
from emulator.meta.delivery.subscribed import Subscribed, check_app_id
from emulator.meta.delivery.subscription import Handshake, Subscription
from emulator.meta.dialect import Dialect
from emulator.meta.graph.endpoints import GRAPH_ORIGINS, Endpoints
from emulator.meta.graph.files import FILES_ORIGIN, serve_file
from emulator.meta.graph.media import MEDIA_ORIGIN
from emulator.meta.graph.nodes import Nodes
from emulator.meta.graph.site import EchoToSelf, GraphOptions
from emulator.meta.inbox import Inbox
from emulator.meta.items.envelope import joined
from emulator.meta.items.update import Update
from emulator.meta.people.doings import Doings
from emulator.meta.platform import Field, PlatformName, check_fields
from emulator.meta.sends.feedback import ECHO_LIMIT, Feedback, Origin
from emulator.meta.sends.outbox import Action, Outbox, Sent
from emulator.meta.sends.window import EventTags

ORIGIN = "https://graph.facebook.com"


class Travel(TypedDict, total=False):
    """How notifications travel; see `emulator.meta.delivery.courier.Courier`."""

    timeout_s: float | None
    order: Order
    grouping: Grouping
    signatures: Signatures


class Options(Travel, total=False):
    """What can be chosen on each platform; see `Account`."""

    copies: int
    spacing: Spacing | Sequence[float]
    escape_legacy: bool
    origins: Sequence[str]
    fields: Sequence[Field]
    echo_to_self: EchoToSelf
    echo_limit: int
    event_tags: EventTags
    graph: GraphOptions


class Account(Doings):
    """A page, Instagram account or phone number whose app is the bot under test, taken as
    subscribed to `fields` from the start.

    Every notification goes out `copies` times (see `emulator.meta.delivery.courier` for spacing,
    acknowledgement, redelivery and disablement). `echo_to_self` says what becomes of a send to the
    account itself; of one echo loop the bot is told at most `echo_limit` sends, on top of the
    limits of the kernel; `event_tags` whether the three message tags for events reach people
    outside of the 24-hour window; `graph` replaces these two, and has further options of the Graph
    API. Satisfies `emulator.service.Service` for the Graph API and for the files of attachments.
    """

    name = "graph"

    def __init__(
        self,
        kernel: Kernel,
        dialect: Dialect,
        *,
        callback_url: str,
        credentials: Credentials,
        copies: int = 3,
        spacing: Spacing | Sequence[float] = "at-once",
        escape_legacy: bool = False,
        origins: Sequence[str] = GRAPH_ORIGINS,
        fields: Sequence[Field] = ("messages",),
        echo_to_self: EchoToSelf = "refuse",
        echo_limit: int = ECHO_LIMIT,
        event_tags: EventTags = "refuse",
        graph: GraphOptions | None = None,
        **travel: Unpack[Travel],
    ) -> None:
        """Raises ScenarioError when `callback_url` is not an absolute http(s) address without a
        fragment, or another option makes no sense."""
        _check_callback(callback_url)
        options = graph or GraphOptions(echo_to_self=echo_to_self, event_tags=event_tags)
        self.platform: PlatformName = dialect.platform
        self.callback_url = callback_url
        self.credentials = credentials
        self.subscribed = Subscribed(check_fields(fields, dialect.platform, dialect.login))
        check_app_id(credentials.app_id, self.subscribed.fields)
        account = credentials.account(dialect.platform)
        render = self._render = dialect.body(credentials, escape_legacy)
        # One for all, so that what is told of can share a request.
        join = partial(joined, render)
        self.courier = courier = Courier(
            kernel,
            url=callback_url,
            app_secret=credentials.app_secret,
            copies=copies,
            spacing=spacing,
            subscribed=self.subscribed,
            product=dialect.product,
            **travel,
        )
        self.nodes = nodes = Nodes(kernel.chance)
        contacts = Contacts(kernel.chance, page_id=account, platform=dialect.platform)
        self.outbox = Outbox(kernel, contacts, message_id=dialect.message_id(credentials))
        origin = Origin(account, credentials.app_id, kernel.clock.epoch)
        feedback = Feedback(
            kernel, courier, dialect, origin=origin, render=render, join=join, limit=echo_limit
        )
        inbox = Inbox(
            *(kernel, contacts, courier, dialect, credentials),
            render=render,
            join=join,
            nodes=nodes,
        )
        super().__init__(kernel, dialect, contacts=contacts, inbox=inbox, feedback=feedback)
        self._subscription = Subscription(
            kernel,
            url=callback_url,
            credentials=credentials,
            courier=courier,
            platform=self.platform,
        )
        self.graph = Endpoints(
            kernel,
            platform=dialect.platform,
            login=dialect.login,
            credentials=credentials,
            contacts=contacts,
            outbox=self.outbox,
            feedback=feedback,
            courier=courier,
            subscription=self._subscription,
            nodes=nodes,
            render=render,
            options=options,
        )
        self._origins = frozenset((FILES_ORIGIN, MEDIA_ORIGIN, *map(str.lower, origins)))

    def body(self, *updates: Update) -> bytes:
        """A notification of these, an entry each, sent now."""
        groups = [[update] for update in updates]
        return self._render(groups, round(self.kernel.clock.unix * 1000))

    # -- the dashboard ---------------------------------------------------------------------------

    def subscribe(self, verify_token: str | None = None) -> Handshake:
        """Save the callback in the dashboard: a handshake, with a wrong token if one is given.

        The fields of the result fill in when the world runs. Whatever the verdict, notifications
        go on.
        """
        return self._subscription.probe(verify_token)

    # -- the subscription of the app to the account ----------------------------------------------

    @property
    def fields(self) -> frozenset[Field]:
        """What the app is subscribed to."""
        return self.subscribed.fields

    @property
    def is_subscribed(self) -> bool:
        """False after an hour of failure, until `resubscribe`."""
        return self.subscribed.stopped is None

    def resubscribe(self, fields: Sequence[Field] | None = None) -> None:
        """Subscribe the app to the account by hand, to the fields of before when None.

        What happened while it was not subscribed is lost. Raises ScenarioError when the platform
        has no such field.
        """
        login = self.dialect.login
        chosen = self.fields if fields is None else check_fields(fields, self.platform, login)
        check_app_id(self.credentials.app_id, chosen)
        self.courier.subscribe(chosen)

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
        if request.origin == FILES_ORIGIN:
            return Access("file")
        return self.graph.access(request)

    def answer(self, call: Call) -> Outcome | Blocked:
        if call.request.origin == FILES_ORIGIN:
            return self.handle(call.request, call)
        return self.graph.answer(call)

    def handle(self, request: Request, call: Call | None = None) -> Reply:
        """Answer a request. Without a call it is not the bot's; what it sends answers nobody."""
        if request.origin == FILES_ORIGIN:
            return serve_file(self.kernel.chance, request, unix=self.kernel.clock.unix)
        return self.graph.handle(request, call)


def _check_callback(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.fragment:
        raise ScenarioError(f"callback_url must be an absolute http(s) URL, not {url}")

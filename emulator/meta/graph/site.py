"""All that the Graph API of one world can show or change: one account, and the bot's app."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from emulator.call import Call
from emulator.clock import DAY_S
from emulator.errors import ScenarioError
from emulator.kernel import Kernel
from emulator.meta.contacts import Contacts
from emulator.meta.credentials import Credentials
from emulator.meta.delivery.courier import Courier
from emulator.meta.delivery.subscription import Handshake, Subscription
from emulator.meta.graph.addressing import Refusal
from emulator.meta.graph.limits import INBOX_SENDS
from emulator.meta.graph.messenger_profile import MessengerProfile
from emulator.meta.graph.nodes import Nodes
from emulator.meta.graph.personas import Personas
from emulator.meta.graph.refusals import refusal
from emulator.meta.graph.uploads import Uploads
from emulator.meta.graph.usage import ThreadLimit, Usage
from emulator.meta.items.envelope import Render
from emulator.meta.platform import InstagramLogin, PlatformName, fields_of
from emulator.meta.sends.feedback import Feedback
from emulator.meta.sends.outbox import Outbox
from emulator.meta.sends.window import EventTags

# What becomes of a send to the page's own id. Refused by default; reports of endless loops from the
# platform's first years say that it was once accepted.
EchoToSelf = Literal["refuse", "accept"]


@dataclass(frozen=True, slots=True)
class GraphOptions:
    """What can be had otherwise. `event_tags` is whether the three message tags for events reach
    people outside of the 24-hour window.

    With `proof_required` calls need an `appsecret_proof`. `throttled` refuses calls beyond the
    documented limits; without it they are only counted, because a world on a virtual clock puts
    into one second what takes a real platform longer. `templates` are those that a WhatsApp account
    has, by name; any that is asked for when it is None.

    A page that sends more than 40 messages in a second can not list its conversations. Its docs say
    that it can not send, either, and in another place that it may send 300: the former is taken to
    be about people who write from the inbox, unless `inbox_stops_sends`. Both need `throttled`.

    `thread_limit`, so many messages to one person in so many seconds, is of pages and Instagram
    accounts: the docs have such a limit and no numbers, so that there is none by default.
    `page_usage` has the headers tell of the page's own limit, too, as older versions do.
    """

    echo_to_self: EchoToSelf = "refuse"
    event_tags: EventTags = "refuse"
    proof_required: bool = False
    throttled: bool = False
    templates: Sequence[str] | None = None
    inbox_stops_sends: bool = False
    thread_limit: ThreadLimit | None = None
    page_usage: bool = False

    def __post_init__(self) -> None:
        """Raises ScenarioError for what has no meaning."""
        if self.echo_to_self not in get_args(EchoToSelf):
            raise ScenarioError(
                f"echo_to_self must be one of refuse, accept, not {self.echo_to_self}"
            )
        if self.event_tags not in get_args(EventTags):
            raise ScenarioError(f"event_tags must be one of refuse, accept, not {self.event_tags}")
        if self.inbox_stops_sends and not self.throttled:
            raise ScenarioError("inbox_stops_sends needs throttled")
        if self.thread_limit is not None:
            calls, window_s = self.thread_limit
            if calls < 1 or not window_s > 0:
                raise ScenarioError(
                    "thread_limit must be at least 1 message in more than 0 seconds, "
                    f"not {calls} in {window_s:g}"
                )

    def check_platform(self, platform: PlatformName) -> None:
        """Raises ScenarioError for what the platform does not have."""
        if platform == "whatsapp" and self.thread_limit is not None:
            raise ScenarioError("thread_limit is not of WhatsApp, which has the pair limit")
        if platform != "messenger" and (self.inbox_stops_sends or self.page_usage):
            raise ScenarioError("inbox_stops_sends and page_usage are of pages only")


class Site:
    """What the endpoints work on. `account_id` is the page, the Instagram account or the phone
    number; `waiting` are the handshakes that calls wait for, by the names of these calls.
    """

    def __init__(
        self,
        kernel: Kernel,
        *,
        platform: PlatformName,
        credentials: Credentials,
        contacts: Contacts,
        outbox: Outbox,
        feedback: Feedback,
        courier: Courier,
        subscription: Subscription,
        nodes: Nodes,
        render: Render,
        options: GraphOptions,
        wake: Callable[[str], None],
        login: InstagramLogin = "facebook",
    ) -> None:
        """`render` makes the body of a notification; `wake` is told that the call of this name can
        be answered now. Raises ScenarioError for options that the platform does not have."""
        options.check_platform(platform)
        self.kernel = kernel
        self.platform: PlatformName = platform
        self.credentials = credentials
        self.contacts = contacts
        self.outbox = outbox
        self.feedback = feedback
        self.courier = courier
        self.subscribed = courier.subscribed
        self.subscription = subscription
        self.nodes = nodes
        self.render = render
        self.wake = wake
        self.options = options
        self.login: InstagramLogin = login
        self.fields = fields_of(platform, login)
        self.account_id = credentials.account(platform)
        self.uploads = Uploads(kernel.chance)
        self.personas = Personas(kernel.chance)
        self.messenger_profile = MessengerProfile(platform)
        self.usage = Usage(
            platform, self.account_id, lambda: contacts.engaged(kernel.clock.now - DAY_S)
        )
        self.waiting: dict[str, Handshake] = {}
        # Names of WhatsApp templates: those that were given, and those that were made since.
        self.templates = list(options.templates or ())
        self.business_profile: dict[str, object] = {}
        self._made = 0
        self._own_nodes = frozenset(
            {
                "messenger": ("me", self.account_id),
                # With Facebook Login, the page that the account belongs to stands for it.
                "instagram": ("me", self.account_id, credentials.page_id),
                "whatsapp": (self.account_id,),
            }[platform]
        )
        if login == "instagram":
            self._own_nodes -= {credentials.page_id}

    def is_account(self, node: str) -> bool:
        """Whether a node is the account itself."""
        return node in self._own_nodes

    def is_app(self, node: str) -> bool:
        return node in (self.credentials.app_id, "app")

    def is_business(self, node: str) -> bool:
        """Whether a node is the WhatsApp business account, to which the phone number belongs."""
        return self.platform == "whatsapp" and node == self.credentials.business_account_id

    def refuse_often(self, edge: str) -> Refusal | None:
        """What is wrong with a call of an edge that has a rate of its own, if it comes too soon."""
        if not self.options.throttled:
            return None
        return self.usage.refuse_send(self.kernel.clock.now, kind="", to="", edge=edge)

    def is_flooded(self) -> bool:
        """Whether the page sends more than its inbox can show."""
        return self.options.throttled and self.usage.is_flooded(self.kernel.clock.now)

    def refuse_flood(self, kind: str, to: str, edge: str = "") -> Refusal | None:
        """What is wrong with a message of a page or an Instagram account to `to` that comes too
        soon after others, if it does."""
        options, usage, now = self.options, self.usage, self.kernel.clock.now
        if options.throttled:
            if self.platform == "messenger":
                usage.count_in_inbox(now)
                if options.inbox_stops_sends and usage.is_flooded(now):
                    return refusal(INBOX_SENDS.code)
            often = usage.refuse_send(now, kind=kind, to=to, edge=edge)
            if often is not None:
                return often
        if options.thread_limit is None:
            return None
        return usage.refuse_in_thread(now, to=to, limit=options.thread_limit)

    def name_for(self, call: Call | None, kind: str) -> str:
        """The causal name of something that a call makes: kind `f` file, `k` comment, `p` persona,
        `t` notification of something other than a send."""
        if call is not None:
            return call.invocation.child(kind)
        self._made += 1
        return f"direct.{kind}{self._made - 1}"

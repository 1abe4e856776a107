"""What people write to the account and do there, and the notifications that tell the bot of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from inspect import signature
from itertools import cycle
from typing import Literal, cast, get_args

from emulator.errors import ScenarioError
from emulator.kernel import Kernel
from emulator.meta.contacts import Contacts
from emulator.meta.credentials import Credentials
from emulator.meta.delivery.courier import Courier
from emulator.meta.delivery.product import GENERIC, Product
from emulator.meta.delivery.webhook import Join, Part, Webhook
from emulator.meta.dialect import Dialect
from emulator.meta.graph.nodes import Nodes
from emulator.meta.items.common import INBOX_APP
from emulator.meta.items.envelope import Groups, Render
from emulator.meta.items.update import ItemKind, Moment, Update, in_standby
from emulator.meta.items.user_message import Notice, UserMessage
from emulator.meta.platform import FIELDS, TITLES, Field

# How the messages of a batch are told of: in a notification each; in one notification, an entry
# each, as the platform does today; as several items of one entry, which its older reference
# allowed; in one notification, some entries with two items and some with one.
BatchMode = Literal["single", "entries", "items", "mixed"]

BATCH_LIMIT = 1_000  # updates in one notification; Graph API docs, "Webhooks / Get started"


@dataclass(frozen=True, slots=True)
class Act:
    """Something that a person does, of a kind that the platform knows; `details` as the builder of
    that kind takes them. In `standby` another app has the conversation."""

    kind: ItemKind
    sender: str
    details: Mapping[str, object]
    standby: bool = False


class Inbox:
    """What comes in at one account. The bot is told of it as far as `subscribed` says."""

    def __init__(
        self,
        kernel: Kernel,
        contacts: Contacts,
        courier: Courier,
        dialect: Dialect,
        credentials: Credentials,
        *,
        render: Render,
        join: Join,
        nodes: Nodes,
    ) -> None:
        """`render` makes the body of a notification, given the unix milliseconds of its sending,
        and `join` one with an entry for each update; nothing of the world may be in them, as
        messages outlive their world in reports."""
        self._kernel = kernel
        self._contacts = contacts
        self._courier = courier
        self._platform = dialect.platform
        self._items = dialect.items
        self._credentials = credentials
        self._account = credentials.account(dialect.platform)
        self._subscribed = courier.subscribed
        self._message_id = dialect.message_id(credentials)
        self._render = render
        self._join = join
        self._nodes = nodes

    def act(
        self,
        kind: str,
        details: Mapping[str, object],
        *,
        sender: str,
        standby: bool = False,
    ) -> Act:
        """Raises ScenarioError for what does not happen on this platform, and for details that
        this kind does not have."""
        found = self._items.get(kind)
        if found is None:
            raise ScenarioError(f"{TITLES[self._platform]} has no {kind}")
        unknown = details.keys() - _details(found.build)
        if unknown:
            known = ", ".join(sorted(_details(found.build))) or "nothing"
            raise ScenarioError(f"{kind} has no {', '.join(sorted(unknown))}; it takes {known}")
        if standby and "standby" not in FIELDS[self._platform]:
            raise ScenarioError(f"{TITLES[self._platform]} has no stand-by")
        return Act(found, sender, details, standby)

    def happen(
        self, acts: Sequence[Act], *, at: float | None, mode: BatchMode = "entries"
    ) -> list[UserMessage]:
        """People do something, all at the same time, and the bot is told of it as `mode` says.

        Raises ScenarioError when it is nothing or more than 1,000 things, for a time in the past,
        for a mode that does not exist, and for what people can not do.
        """
        if not 1 <= len(acts) <= BATCH_LIMIT:
            raise ScenarioError(f"a batch has 1 to {BATCH_LIMIT:,} messages, not {len(acts):,}")
        if mode not in get_args(BatchMode):
            raise ScenarioError(f"mode must be one of {', '.join(get_args(BatchMode))}, not {mode}")
        when = self._check_time(at)
        planned = self._plan(acts, when, mode)
        messages = [one.message for one in planned]
        self._kernel.mids.update((message.root, message.mid) for message in messages)
        if mode == "single":
            for one in planned:
                self._schedule([one], when, mode)
        else:
            self._schedule(planned, when, mode)
        return messages

    def repeat(self, message: UserMessage, *, at: float, copies: int) -> None:
        """Send the notification of a message again, at `at` seconds of the clock.

        Raises ScenarioError when there would be no copy, for a message to another page, and for a
        time in the past or before the message is written.
        """
        now = self._kernel.clock.now
        if copies < 1:
            raise ScenarioError(f"copies must be at least 1, not {copies}")
        if (
            self._kernel.mids.get(message.root) != message.mid
            or self._contacts.psid(message.sender) != message.psid
        ):
            raise ScenarioError(f"{message.root} was not written to this page")
        if at < now:
            raise ScenarioError(f"nothing can be repeated at {at}, the clock is at {now}")
        if at < message.at:
            raise ScenarioError(
                f"{message.root} can not be repeated at {at}, it is written at {message.at}"
            )
        notice = message.notice
        if not notice.is_written:
            notice.repeats = (*notice.repeats, (at, copies))
        elif notice.webhook is not None:
            self._courier.send(notice.webhook, at=at, copies=copies)

    # -- inside

    def _check_time(self, at: float | None) -> float:
        now = self._kernel.clock.now
        if at is not None and at < now:
            raise ScenarioError(f"nobody can write at {at}, the clock is at {now}")
        return now if at is None else at

    def _plan(self, acts: Sequence[Act], when: float, mode: BatchMode) -> "list[_Planned]":
        """What is wrong with an act is said here, and not when its time has come."""
        notice = Notice()
        # All platforms of a world enter their messages there, so that no two share a name.
        first = len(self._kernel.mids)
        planned = []
        for number, act in enumerate(acts, first):
            root = f"u{number}"
            mid = self._message_id(self._kernel.chance, root)
            psid = self._contacts.psid(act.sender)
            update = self.build(act, root, mid, psid)
            message = UserMessage(
                root,
                mid,
                act.sender,
                psid,
                update.says,
                when,
                "standby" if act.standby else act.kind.event,
                Notice() if mode == "single" else notice,
                kind=act.kind.name,
            )
            planned.append(_Planned(act, message, update))
        return planned

    def _schedule(self, planned: "Sequence[_Planned]", when: float, mode: BatchMode) -> None:
        if when == self._kernel.clock.now:
            self._write(planned, mode)
            return
        roots = tuple(one.message.root for one in planned)
        # Times and links are those of the moment, on a clock that may be the bot's own.
        later = [_Planned(one.act, one.message, None) for one in planned]
        self._kernel.at(when, roots[0], partial(self._write, later, mode), roots=roots)

    def build(self, act: Act, name: str, mid: str, psid: str) -> Update:
        """What would be told of it now, whoever has that id."""
        moment = Moment(
            chance=self._kernel.chance,
            account=self._account,
            number=self._credentials.display_phone_number,
            app_id=self._credentials.app_id,
            user=psid,
            alias=self._contacts.alias(psid),
            nickname=act.sender,
            name=name,
            mid=mid,
            unix=self._kernel.clock.unix,
            message_id=self._message_id,
            media=self._nodes.media,
        )
        update = act.kind.build(moment, **act.details)
        return in_standby(update) if act.standby else update

    def _write(self, planned: "Sequence[_Planned]", mode: BatchMode) -> None:
        """The moment has come: note the messages, and send what tells of them."""
        notice = planned[0].message.notice
        notice.is_written = True
        told: list[Update] = []
        roots = []
        cause = -1
        for one in planned:
            message = one.message
            entry = self._note(message, opens=one.act.kind.opens)
            update = one.update or self.build(one.act, message.root, message.mid, message.psid)
            if one.act.kind.asks and self._nodes.control.owner(message.psid) is not None:
                update = in_standby(update)
                notice.listened |= {message.root}
            if update.lean is not None and not self._subscribed.tells_of(
                cast(Field, update.further)
            ):
                update = replace(update, body=update.lean)
            self._remember(one.act.kind, message, update)
            if self._subscribed.tells_of(update.field):
                cause = entry if cause < 0 else cause
                roots.append(message.root)
                told.append(update)
        if told:
            webhook = notice.webhook = Webhook(
                name=roots[0],
                roots=tuple(roots),
                cause=cause,
                render=partial(self._render, grouped(told, mode)),
                product=self._product_of(told),
                parts=tuple(map(_part, roots, told)),
                join=self._join,
            )
            self._courier.send(webhook)
            for at, copies in notice.repeats:
                self._courier.send(webhook, at=at, copies=copies)
        notice.repeats = ()

    def _product_of(self, told: Sequence[Update]) -> Product | None:
        """What is no message, and so comes as `changes`, travels otherwise; except on WhatsApp,
        where everything does."""
        is_generic = self._platform != "whatsapp" and told[0].channel in ("changes", "test")
        return GENERIC if is_generic else None

    def _remember(self, kind: ItemKind, message: UserMessage, update: Update) -> None:
        """What the Graph API has to know of it later."""
        nodes, now = self._nodes, self._kernel.clock.now
        if update.alias:
            self._contacts.also_known_as(update.alias, message.psid)
        if update.comment is not None:
            number, post_id = update.comment
            live = update.field == "live_comments"
            nodes.comments.wrote(number, message.psid, at=now, post_id=post_id, live=live)
        if kind.event in ("text", "attachment"):
            nodes.threads.wrote(message.psid, message.mid, message.text, at=now)
        elif kind.name == "take_thread_control":
            nodes.control.give(message.psid, str(INBOX_APP))
        elif kind.name == "pass_thread_control":
            nodes.control.take(message.psid)
        if kind.name in ("from_ad", "ad_referral"):
            self._contacts.came_from_ad(message.psid)

    def _note(self, message: UserMessage, *, opens: bool) -> int:
        kernel = self._kernel
        if opens:
            self._contacts.wrote(message.root, message.psid, at=kernel.clock.now)
        else:
            self._contacts.caused(message.root, message.psid)
        return kernel.note(
            "message",
            message.root,
            roots=(message.root,),
            detail={
                "sender": message.sender,
                "psid": message.psid,
                "mid": message.mid,
                "text": message.text,
                "event": message.event,
            },
        )


@dataclass(frozen=True, slots=True)
class _Planned:
    """An act and what is known of it; `update` only if it is of this very moment."""

    act: Act
    message: UserMessage
    update: Update | None


def grouped(updates: Sequence[Update], mode: BatchMode) -> Groups:
    """The entries; one has updates of one channel only, as no page shows another."""
    sizes = cycle({"items": (len(updates),), "mixed": (2, 1)}.get(mode, (1,)))
    groups: list[list[Update]] = []
    room = 0
    for update in updates:
        if room == 0 or groups[-1][0].channel != update.channel:
            groups.append([])
            room = next(sizes)
        groups[-1].append(update)
        room -= 1
    return groups


def _part(root: str, update: Update) -> Part:
    return Part((root,), update)


@lru_cache(maxsize=256)
def _details(build: Callable[..., Update]) -> frozenset[str]:
    """What a builder takes besides the moment."""
    return frozenset(signature(build).parameters) - {"moment"}

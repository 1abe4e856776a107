"""A user's text message, on whichever platform, and its form in the queue. Nothing here trusts the
shape of the input.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from reference_bot.untrusted import load

Platform = Literal["messenger", "instagram", "whatsapp"]
PLATFORMS: tuple[Platform, ...] = get_args(Platform)

TEXT_LIMIT = 4096  # characters; the longest text that any of the platforms takes, WhatsApp's
ID_LIMIT = 1024  # characters; real message ids have up to about 170

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,255}")
_NUMBER = re.compile(r"[0-9]{1,32}")


def safe_key(name: str) -> str:
    """An id that may stand anywhere: in a Firestore path (no `/`, no `__x__`), in a deduplication
    id (no `:`), in a URL.

    Messenger's and Instagram's own ids pass unchanged, which keeps dashboards readable; whatever
    else comes is hashed.
    """
    if _PLAIN.fullmatch(name):
        return name
    return "sha256-" + hashlib.sha256(name.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Message:
    """One text message of one user. `mid` is the platform's id of it, the same in every
    redelivery; `account` is the bot's own id there, whom a reply comes from. On Messenger it is
    empty: the token tells.
    """

    mid: str
    sender: str
    text: str
    platform: Platform = "messenger"
    account: str = ""

    @property
    def key(self) -> str:
        """The message's name in the store and in the queue, made of nothing but the mid and the
        platform.

        A hash of the whole webhook would not do: a redelivery may carry another `time`, or come in
        another batch.
        """
        return self._scoped(safe_key(self.mid))

    @property
    def sender_key(self) -> str:
        """The user's name in the store."""
        return self._scoped(safe_key(self.sender))

    def as_job(self) -> dict[str, str]:
        """The body of the queue message.

        Messenger's has the form of a time when there was nothing else: queue messages outlive a
        release, and so do their readers.
        """
        job = {"mid": self.mid, "sender": self.sender, "text": self.text}
        if self.platform != "messenger":
            job["platform"] = self.platform
        if self.account:
            job["account"] = self.account
        return job

    def _scoped(self, key: str) -> str:
        # No key has the tilde by itself, so one platform's ids are never another's: all of them
        # number their users with digits, and nobody promises that ids of messages differ.
        return key if self.platform == "messenger" else f"{self.platform}~{key}"


def make_message(
    mid: object,
    sender: object,
    text: object,
    platform: object = "messenger",
    account: object = "",
) -> Message | None:
    """A message, or None when these are not the parts of one."""
    if not (_is_id(mid) and _is_id(sender) and isinstance(text, str) and text):
        return None
    known = next((each for each in PLATFORMS if each == platform), None)
    # The account becomes part of an address.
    if known is None or not _is_account(account, needed=known != "messenger"):
        return None
    # Half a surrogate pair is legal in JSON but can not be encoded again; a longer text could not
    # be quoted back.
    readable = text.encode("utf-8", "replace").decode()
    return Message(str(mid), str(sender), readable[:TEXT_LIMIT], known, str(account))


def parse_job(body: bytes) -> Message | None:
    """The message in the body of a queue delivery, or None when the body is not ours."""
    return read_job(load(body))


def read_job(job: Mapping[str, Any]) -> Message | None:
    """The message that `Message.as_job` gave, or None when it is none."""
    return make_message(
        job.get("mid"),
        job.get("sender"),
        job.get("text"),
        job.get("platform", "messenger"),
        job.get("account", ""),
    )


def _is_account(value: object, *, needed: bool) -> bool:
    if not needed:
        return value == ""
    return isinstance(value, str) and _NUMBER.fullmatch(value) is not None


def _is_id(value: object) -> bool:
    if not isinstance(value, str) or not 0 < len(value) <= ID_LIMIT:
        return False
    return not any("\ud800" <= character <= "\udfff" for character in value)

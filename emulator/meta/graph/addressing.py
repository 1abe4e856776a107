"""How the Graph API is addressed, and the form of its errors: pure functions without state."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from emulator.meta.graph.parameters import clean

# Answered as when a client names no version: a current one.
DEFAULT_VERSION = "v25.0"

_VERSION = re.compile(r"v\d+\.\d+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Address:
    """A path without its version; empty segments (`//`, a slash at the end) do not count."""

    version: str
    segments: tuple[str, ...]

    @property
    def path(self) -> str:
        return "/" + "/".join(self.segments)

    @property
    def node(self) -> str:
        """The object that is asked, "" for the root."""
        return self.segments[0] if self.segments else ""

    @property
    def edge(self) -> str:
        """What is asked of it, "" for the object itself."""
        return "/".join(self.segments[1:])


# The same few paths are asked for again and again.
@lru_cache(maxsize=1024)
def read_address(path: str) -> Address:
    segments = tuple(segment for segment in path.split("/") if segment)
    if segments and _VERSION.fullmatch(segments[0]):
        return Address(segments[0], segments[1:])
    return Address(DEFAULT_VERSION, segments)


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error of the Graph API, before it is given its trace id.

    `transient` says that the same call may succeed later, None that nothing is said of it.
    `details` are those of WhatsApp, in its `error_data`. `user_title` and `user_message` are what
    an app can show to people, None when there is no such text.
    """

    code: int
    message: str
    subcode: int | None = None
    kind: str = "OAuthException"
    status: int = 400
    transient: bool | None = None
    details: str | None = None
    user_title: str | None = None
    user_message: str | None = None

    def envelope(self, trace_id: str) -> Mapping[str, object]:
        """The body: `{"error":{"message","type","code","error_subcode"?,...,"fbtrace_id"}}`."""
        error: dict[str, object] = {
            "message": self.message,
            "type": self.kind,
            "code": self.code,
        }
        if self.subcode is not None:
            error["error_subcode"] = self.subcode
        if self.transient is not None:
            error["is_transient"] = self.transient
        if self.details is not None:
            error["error_data"] = {"messaging_product": "whatsapp", "details": self.details}
        if self.user_title is not None:
            error["error_user_title"] = self.user_title
        if self.user_message is not None:
            error["error_user_msg"] = self.user_message
        error["fbtrace_id"] = trace_id
        return {"error": error}


BAD_TOKEN = Refusal(190, "Invalid OAuth access token - Cannot parse access token")
NO_TOKEN = Refusal(190, "An access token is required to request this resource.")
MALFORMED = Refusal(100, "(#100) The body is neither a JSON object nor a form")
NO_MATCHING_USER = Refusal(100, "(#100) No matching user found", subcode=2018001)


def invalid(message: str, subcode: int | None = None) -> Refusal:
    return Refusal(100, f"(#100) {message}", subcode)


def required(name: str) -> Refusal:
    return invalid(f"The parameter {name} is required")


def too_long(name: str, limit: int) -> Refusal:
    return invalid(f"Length of param {name} must be less than or equal to {limit}")


def one_of(name: str, known: tuple[str, ...]) -> Refusal:
    return invalid(f"Param {name} must be one of {', '.join(known)}")


def unsupported(method: str, address: Address) -> Refusal:
    """For a path that names nothing, or nothing that takes this method."""
    return Refusal(
        100,
        f"Unsupported {clean(method).lower()} request. Object with ID "
        f"'{clean(address.node)}' does not exist, cannot be "
        "loaded due to missing permissions, or does not support this operation",
        subcode=33,
        kind="GraphMethodException",
    )

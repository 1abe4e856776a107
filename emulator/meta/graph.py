"""What Graph API requests mean, and what is wrong with them: pure functions without state."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from emulator.meta.parameters import as_object, clean

TEXT_LIMIT = 2000  # characters; Send API docs
METADATA_LIMIT = 1000  # characters; the limit that client libraries check

MESSAGING_TYPES = ("RESPONSE", "UPDATE", "MESSAGE_TAG", "UTILITY")  # Send API docs
# Messenger docs, "Message Tags".
MESSAGE_TAGS = (
    "ACCOUNT_UPDATE",
    "CONFIRMED_EVENT_UPDATE",
    "HUMAN_AGENT",
    "POST_PURCHASE_UPDATE",
)
SENDER_ACTIONS = ("typing_on", "typing_off", "mark_seen")  # Send API docs, "Sender Actions"

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


def read_address(path: str) -> Address:
    segments = tuple(segment for segment in path.split("/") if segment)
    if segments and _VERSION.fullmatch(segments[0]):
        return Address(segments[0], segments[1:])
    return Address(DEFAULT_VERSION, segments)


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error of the Graph API, before it is given its trace id."""

    code: int
    message: str
    subcode: int | None = None
    kind: str = "OAuthException"
    status: int = 400

    def envelope(self, trace_id: str) -> Mapping[str, object]:
        """The body: `{"error":{"message","type","code","error_subcode"?,"fbtrace_id"}}`."""
        error: dict[str, object] = {
            "message": self.message,
            "type": self.kind,
            "code": self.code,
        }
        if self.subcode is not None:
            error["error_subcode"] = self.subcode
        error["fbtrace_id"] = trace_id
        return {"error": error}


BAD_TOKEN = Refusal(190, "Invalid OAuth access token - Cannot parse access token")
NO_TOKEN = Refusal(190, "An access token is required to request this resource.")
MALFORMED = Refusal(100, "(#100) The body is neither a JSON object nor a form")
NO_MATCHING_USER = Refusal(100, "(#100) No matching user found", subcode=2018001)


def invalid(message: str, subcode: int | None = None) -> Refusal:
    return Refusal(100, f"(#100) {message}", subcode)


def unsupported(method: str, address: Address) -> Refusal:
    """For a path that names nothing, or nothing that takes this method."""
    return Refusal(
        100,
        f"Unsupported {clean(method).lower()} request. Object with ID "
        f"'{clean(address.segments[0]) if address.segments else ''}' does not exist, cannot be "
        "loaded due to missing permissions, or does not support this operation",
        subcode=33,
        kind="GraphMethodException",
    )


@dataclass(frozen=True, slots=True)
class Say:
    """A text for a person; `metadata`, if there is any, is for the apps that get the echo.

    `occasion` is why the page may write: its messaging type, or the tag of a tagged message.
    """

    to: str
    text: str
    metadata: str | None = None
    occasion: str = "RESPONSE"


@dataclass(frozen=True, slots=True)
class Gesture:
    """A sender action: typing, or having seen the conversation."""

    to: str
    action: str


def read_send(parameters: Mapping[str, object] | None) -> Say | Gesture | Refusal:
    """What a request to `/messages` wants; whether the recipient exists is not asked here."""
    if parameters is None:
        return MALFORMED
    recipient = as_object(parameters.get("recipient"))
    if recipient is None:
        return invalid("The parameter recipient is required")
    to = _id(recipient.get("id"))
    if to is None:
        return invalid("The parameter recipient[id] is required")
    sent_type = parameters.get("messaging_type")
    if sent_type is not None and sent_type not in MESSAGING_TYPES:
        return invalid(f"Param messaging_type must be one of {', '.join(MESSAGING_TYPES)}")
    action = parameters.get("sender_action")
    if action is None:
        occasion: object = "RESPONSE" if sent_type is None else sent_type
        if occasion == "MESSAGE_TAG":
            occasion = parameters.get("tag")
            if occasion not in MESSAGE_TAGS:
                return invalid(f"Param tag must be one of {', '.join(MESSAGE_TAGS)}")
        return _read_message(to, parameters.get("message"), str(occasion))
    if parameters.get("message") is not None:
        return invalid("Cannot specify both message and sender_action")
    if not isinstance(action, str) or action not in SENDER_ACTIONS:
        return invalid(f"Param sender_action must be one of {', '.join(SENDER_ACTIONS)}")
    return Gesture(to, action)


def _read_message(to: str, sent: object, occasion: str) -> Say | Refusal:
    if sent is None:
        return invalid("The parameter message or sender_action is required")
    message = as_object(sent)
    if message is None:
        return invalid("Param message must be an object")
    text = message.get("text")
    if text is None:
        return invalid("The parameter message[text] is required")
    if not isinstance(text, str):
        return invalid("Param message[text] must be a string")
    if not text:
        return invalid("Param message[text] must not be empty", 2018034)
    if len(text) > TEXT_LIMIT:
        return invalid(f"Length of param message[text] must be less than or equal to {TEXT_LIMIT}")
    metadata = message.get("metadata")
    if metadata is None:
        return Say(to, clean(text), None, occasion)
    if not isinstance(metadata, str):
        return invalid("Param message[metadata] must be a string")
    if len(metadata) > METADATA_LIMIT:
        return invalid(
            f"Length of param message[metadata] must be less than or equal to {METADATA_LIMIT}"
        )
    return Say(to, clean(text), clean(metadata), occasion)


def _id(value: object) -> str | None:
    """An id as text: clients send it as a string, some as a number."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return clean(value) if isinstance(value, str) and value else None

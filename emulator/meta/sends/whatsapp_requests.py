"""What a request to `/{phone-number-id}/messages` wants: pure functions that read it, and refuse
what WhatsApp would.
"""

from collections.abc import Callable, Mapping
from functools import partial

from emulator.meta.graph.addressing import MALFORMED, Refusal, invalid, one_of, required
from emulator.meta.graph.parameters import as_list, as_object, clean
from emulator.meta.graph.refusals import refusal
from emulator.meta.sends.contents import as_id
from emulator.meta.sends.requests import Gesture, Say

# Characters; WhatsApp docs, "Messages", and its pages for each type of message.
TEXT_LIMIT = 4096
CAPTION_LIMIT = 1024
BODY_LIMIT = 1024
LIST_BODY_LIMIT = 4096
SHORT_LIMIT = 60  # of a header or a footer
BUTTON_LIMIT = 3
BUTTON_TITLE_LIMIT = 20
BUTTON_ID_LIMIT = 256
ROW_LIMIT = 10  # rows of all sections of a list together
SECTION_LIMIT = 10
ROW_TITLE_LIMIT = 24
ROW_ID_LIMIT = 200
ROW_DESCRIPTION_LIMIT = 72

MEDIA_TYPES = ("image", "audio", "video", "document", "sticker")
INTERACTIVE_TYPES = (
    *("button", "list", "cta_url", "flow", "product", "product_list", "catalog_message"),
    *("location_request_message", "address_message", "voice_call", "carousel"),
)
TYPES = ("text", *MEDIA_TYPES, "location", "contacts", "interactive", "template", "reaction")


def read_whatsapp_send(
    parameters: Mapping[str, object] | None,
) -> Say | Gesture | Refusal:
    """What a request wants; whether the recipient exists is not asked here.

    A reaction or a read mark is a Gesture; that of a read mark is to nobody. The media of a message
    is its attachment, by `id` or `link`.
    """
    if parameters is None:
        return MALFORMED
    if parameters.get("messaging_product") != "whatsapp":
        return required("messaging_product")
    if parameters.get("status") is not None:
        return _read_mark(parameters)
    to = as_id(parameters.get("to")) or as_id(parameters.get("recipient"))
    if to is None:
        return required("to")
    if parameters.get("recipient_type", "individual") not in ("individual", "group"):
        return one_of("recipient_type", ("individual", "group"))
    kind = parameters.get("type", "text")
    if not isinstance(kind, str) or kind not in TYPES:
        return one_of("type", TYPES)
    if kind == "contacts":
        listed = as_list(parameters.get(kind))
        content: Mapping[str, object] | None = {"contacts": listed} if listed else None
    else:
        content = as_object(parameters.get(kind))
    if content is None:
        return _missing(f"Parameter {kind} is missing")
    if kind == "reaction":
        return _read_reaction(to, content)
    read = _READERS[kind](content)
    if isinstance(read, Refusal):
        return read
    context = as_object(parameters.get("context")) or {}
    occasion = "template" if kind == "template" else "RESPONSE"
    attachments = () if kind == "text" else ({"type": kind, "payload": content},)
    return Say(
        to,
        clean(read),
        None,
        occasion,
        kind,
        "id",
        attachments,
        as_id(context.get("message_id")),
    )


def template_of(say: Say) -> str:
    """The name of the template that a message is made from."""
    payload = say.attachments[0]["payload"]
    return str(payload["name"]) if isinstance(payload, Mapping) else ""


# -- inside


def _missing(details: str) -> Refusal:
    return refusal(131008, details=details)


def _wrong(details: str) -> Refusal:
    return refusal(131009, details=details)


def _limited(value: object, name: str, limit: int) -> Refusal | None:
    """What is wrong with a text, if anything."""
    if not isinstance(value, str) or not value:
        return _missing(f"Parameter {name} is missing")
    if len(value) > limit:
        return invalid(f"Param {name} must be at most {limit} characters long.")
    return None


def _measured(value: object, name: str, limit: int) -> Refusal | None:
    """The same for a text of an interactive message, as seen by users of clients."""
    if not isinstance(value, str) or not 1 <= len(value) <= limit:
        return _wrong(f"{name} length invalid. Min length: 1, Max length: {limit}")
    return None


def _read_mark(parameters: Mapping[str, object]) -> Gesture | Refusal:
    if parameters["status"] != "read":
        return one_of("status", ("read",))
    mid = as_id(parameters.get("message_id"))
    if mid is None:
        return required("message_id")
    typing = as_object(parameters.get("typing_indicator"))
    return Gesture("", "mark_seen" if typing is None else "typing_on", mid)


def _read_reaction(to: str, content: Mapping[str, object]) -> Gesture | Refusal:
    mid, emoji = as_id(content.get("message_id")), content.get("emoji", "")
    if mid is None:
        return _missing("Parameter reaction['message_id'] is missing")
    if not isinstance(emoji, str):
        return _wrong("Parameter reaction['emoji'] is not a string")
    # Without an emoji the reaction is taken back.
    return Gesture(to, "react" if emoji else "unreact", mid, clean(emoji) or None)


def _read_text(content: Mapping[str, object]) -> str | Refusal:
    body = content.get("body")
    return _limited(body, "text['body']", TEXT_LIMIT) or str(body)


def _read_media(content: Mapping[str, object], kind: str) -> str | Refusal:
    link = content.get("link")
    if as_id(content.get("id")) is None:
        if link is None:
            return _missing(f"Parameter {kind}['id'] or {kind}['link'] is missing")
        if not isinstance(link, str) or not link.lower().startswith(("http://", "https://")):
            return _wrong(f"Parameter {kind}['link'] is not a valid URL")
    caption = content.get("caption")
    if caption is None:
        return ""
    if kind in ("audio", "sticker"):
        return invalid(f'Unexpected key "caption" on param "{kind}".')
    return _limited(caption, f"{kind}['caption']", CAPTION_LIMIT) or str(caption)


def _read_location(content: Mapping[str, object]) -> str | Refusal:
    for name, most in (("latitude", 90.0), ("longitude", 180.0)):
        value = content.get(name)
        if value is None:
            return _missing(f"Parameter location['{name}'] is missing")
        try:
            fits = not isinstance(value, bool) and abs(float(str(value))) <= most
        except ValueError:
            fits = False
        if not fits:
            return _wrong(f"Parameter location['{name}'] is not a valid coordinate")
    shown = (content.get("name"), content.get("address"))
    return "\n".join(text for text in shown if isinstance(text, str))


def _read_contacts(content: Mapping[str, object]) -> str | Refusal:
    names = []
    for number, one in enumerate(as_list(content["contacts"]) or ()):
        name = as_object((as_object(one) or {}).get("name")) or {}
        shown = name.get("formatted_name")
        if not isinstance(shown, str) or not shown:
            return _missing(f"Parameter contacts[{number}]['name']['formatted_name'] is missing")
        names.append(shown)
    return "\n".join(names)


def _read_template(content: Mapping[str, object]) -> str | Refusal:
    name = content.get("name")
    if not isinstance(name, str) or not name:
        return _missing("Parameter template['name'] is missing")
    language = as_object(content.get("language")) or {}
    if not isinstance(language.get("code"), str) or not language["code"]:
        return _missing("Parameter template['language']['code'] is missing")
    if content.get("components") is not None and as_list(content["components"]) is None:
        return _wrong("Parameter template['components'] is not an array")
    return "\n".join(_texts(content.get("components")))


def _texts(value: object) -> list[str]:
    """The texts that fill a template, in their order."""
    found: list[str] = []
    for component in as_list(value) or ():
        for parameter in as_list((as_object(component) or {}).get("parameters")) or ():
            text = (as_object(parameter) or {}).get("text")
            if isinstance(text, str):
                found.append(text)
    return found


def _read_interactive(content: Mapping[str, object]) -> str | Refusal:
    kind = content.get("type")
    if kind not in INTERACTIVE_TYPES:
        return one_of("interactive['type']", INTERACTIVE_TYPES)
    lines: list[str] = []
    # Neither of these two needs a text of its own.
    if content.get("body") is not None or kind not in ("product", "carousel"):
        text = (as_object(content.get("body")) or {}).get("text")
        limit = LIST_BODY_LIMIT if kind == "list" else BODY_LIMIT
        wrong = _measured(text, "Body text", limit)
        if wrong is not None:
            return wrong
        lines.append(str(text))
    for name in ("header", "footer"):
        text = (as_object(content.get(name)) or {}).get("text")
        wrong = None if text is None else _measured(text, f"{name.title()} text", SHORT_LIMIT)
        if wrong is not None:
            return wrong
    action = as_object(content.get("action"))
    if action is None:
        return _missing("Parameter interactive['action'] is missing")
    check = {"button": _refuse_buttons, "list": _refuse_sections}.get(str(kind))
    wrong = check(action) if check is not None else None
    return wrong or "\n".join(lines)


def _refuse_buttons(action: Mapping[str, object]) -> Refusal | None:
    buttons = as_list(action.get("buttons")) or []
    if not 1 <= len(buttons) <= BUTTON_LIMIT:
        return _wrong(
            f"Invalid buttons count. Min allowed buttons: 1, Max allowed buttons: {BUTTON_LIMIT}"
        )
    seen = set()
    for one in buttons:
        reply = as_object((as_object(one) or {}).get("reply")) or {}
        wrong = _measured(reply.get("id"), "Button id", BUTTON_ID_LIMIT) or _measured(
            reply.get("title"), "Button title", BUTTON_TITLE_LIMIT
        )
        if wrong is not None:
            return wrong
        seen.add(reply["id"])
    return None if len(seen) == len(buttons) else _wrong("Button ids are not unique")


def _refuse_sections(action: Mapping[str, object]) -> Refusal | None:
    wrong = _measured(action.get("button"), "Button title", BUTTON_TITLE_LIMIT)
    if wrong is not None:
        return wrong
    sections = as_list(action.get("sections")) or []
    if not 1 <= len(sections) <= SECTION_LIMIT:
        return _wrong(f"Invalid sections count. Min allowed: 1, Max allowed: {SECTION_LIMIT}")
    rows = [
        as_object(row) or {}
        for section in sections
        for row in as_list((as_object(section) or {}).get("rows")) or ()
    ]
    if not 1 <= len(rows) <= ROW_LIMIT:
        return _wrong(f"Total row count exceed max allowed count: {ROW_LIMIT}")
    for row in rows:
        wrong = (
            _measured(row.get("id"), "Row id", ROW_ID_LIMIT)
            or _measured(row.get("title"), "Row title", ROW_TITLE_LIMIT)
            or _measured(row.get("description") or " ", "Row description", ROW_DESCRIPTION_LIMIT)
        )
        if wrong is not None:
            return wrong
    return None


_READERS: Mapping[str, Callable[[Mapping[str, object]], str | Refusal]] = {
    "text": _read_text,
    **{kind: partial(_read_media, kind=kind) for kind in MEDIA_TYPES},
    "location": _read_location,
    "contacts": _read_contacts,
    "template": _read_template,
    "interactive": _read_interactive,
}

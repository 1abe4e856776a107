"""Structured messages: what each kind of template needs, and what can be read of it."""

from collections.abc import Mapping
from typing import NamedTuple

from emulator.meta.graph.addressing import Refusal, invalid, one_of, required, too_long
from emulator.meta.graph.parameters import as_list, as_object, clean

BUTTON_TEXT_LIMIT = 640  # characters; Messenger docs, "Button Template"
BUTTON_LIMIT = 3  # the same page
BUTTON_TITLE_LIMIT = 20  # characters; Messenger docs, "Buttons"
PAYLOAD_LIMIT = 1000  # characters; the same page
ELEMENT_TEXT_LIMIT = 80  # characters of a title or subtitle; Messenger docs, "Generic Template"

BUTTON_TYPES = (
    *("web_url", "postback", "phone_number", "account_link", "account_unlink"),
    *("game_play", "payment", "element_share"),
)


class Rule(NamedTuple):
    """What a payload must have; `elements` is how many elements, at least and at most."""

    needs: tuple[str, ...] = ()
    elements: tuple[int, int] | None = None


# Messenger docs, "Templates"; `list`, `open_graph` and the airline's are from older versions.
RULES: Mapping[str, Rule] = {
    "generic": Rule(elements=(1, 10)),
    "button": Rule(("text", "buttons")),
    "media": Rule(elements=(1, 1)),
    "receipt": Rule(("recipient_name", "order_number", "currency", "payment_method", "summary")),
    "coupon": Rule(("title",)),
    "customer_feedback": Rule(("title", "subtitle", "button_title", "feedback_screens")),
    "product": Rule(elements=(1, 10)),
    "notification_messages": Rule(("title",)),
    "list": Rule(elements=(2, 4)),
    "open_graph": Rule(elements=(1, 1)),
    "airline_boardingpass": Rule(("intro_message", "locale", "boarding_pass")),
    "airline_checkin": Rule(("intro_message", "locale", "flight_info", "checkin_url")),
    "airline_itinerary": Rule(("intro_message", "locale", "flight_info", "total_price")),
    "airline_update": Rule(("intro_message", "locale", "update_type", "update_flight_info")),
}

_READ = ("text", "title", "subtitle", "intro_message")
_PLACE = "message[attachment][payload]"


def read_template(payload: Mapping[str, object]) -> str | Refusal:
    """What a person can read of it, a text per line; or what is wrong with it."""
    kind = payload.get("template_type")
    if not isinstance(kind, str) or kind not in RULES:
        return one_of(f"{_PLACE}[template_type]", tuple(RULES))
    rule = RULES[kind]
    for name in rule.needs:
        if payload.get(name) in (None, "", [], {}):
            return required(f"{_PLACE}[{name}]")
    lines = [text for name in _READ if isinstance(text := payload.get(name), str) and text]
    if kind == "button" and len(lines[0] if lines else "") > BUTTON_TEXT_LIMIT:
        return too_long(f"{_PLACE}[text]", BUTTON_TEXT_LIMIT)
    refusal = refuse_buttons(payload.get("buttons"), _PLACE)
    if refusal is not None:
        return refusal
    if rule.elements is not None:
        read = _read_elements(payload.get("elements"), rule.elements, titled=kind == "generic")
        if isinstance(read, Refusal):
            return read
        lines += read
    return clean("\n".join(lines))


def refuse_buttons(sent: object, place: str) -> Refusal | None:
    """What is wrong with the buttons at this place, if there are any."""
    if sent is None:
        return None
    buttons = as_list(sent)
    if buttons is None:
        return invalid(f"Param {place}[buttons] must be an array")
    if not 1 <= len(buttons) <= BUTTON_LIMIT:
        return invalid(f"Param {place}[buttons] must have 1 to {BUTTON_LIMIT} elements")
    for number, one in enumerate(buttons):
        here = f"{place}[buttons][{number}]"
        button = as_object(one)
        if button is None:
            return invalid(f"Param {here} must be an object")
        kind = button.get("type")
        if kind not in BUTTON_TYPES:
            return one_of(f"{here}[type]", BUTTON_TYPES)
        needs = {"web_url": ("url", "title"), "postback": ("title", "payload")}.get(str(kind), ())
        for name in needs:
            if not isinstance(button.get(name), str) or not button[name]:
                return required(f"{here}[{name}]")
        if len(str(button.get("title", ""))) > BUTTON_TITLE_LIMIT:
            return too_long(f"{here}[title]", BUTTON_TITLE_LIMIT)
        if len(str(button.get("payload", ""))) > PAYLOAD_LIMIT:
            return too_long(f"{here}[payload]", PAYLOAD_LIMIT)
    return None


def _read_elements(sent: object, allowed: tuple[int, int], *, titled: bool) -> list[str] | Refusal:
    elements = as_list(sent)
    low, high = allowed
    if elements is None or not low <= len(elements) <= high:
        count = f"{low}" if low == high else f"{low} to {high}"
        return invalid(f"Param {_PLACE}[elements] must have {count} elements")
    lines = []
    for number, one in enumerate(elements):
        place = f"{_PLACE}[elements][{number}]"
        element = as_object(one)
        if element is None:
            return invalid(f"Param {place} must be an object")
        if titled and not element.get("title"):
            return required(f"{place}[title]")
        for name in ("title", "subtitle"):
            text = element.get(name)
            if isinstance(text, str):
                if len(text) > ELEMENT_TEXT_LIMIT:
                    return too_long(f"{place}[{name}]", ELEMENT_TEXT_LIMIT)
                lines.append(text)
        refusal = refuse_buttons(element.get("buttons") or None, place)
        if refusal is not None:
            return refusal
    return lines

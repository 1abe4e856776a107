"""What an account shows before anybody has written: the greeting, the menu, the Get Started
button; Messenger docs, "Messenger Profile API".
"""

from collections.abc import Callable, Mapping, Sequence

from emulator.meta.graph.addressing import Refusal, invalid, one_of, required, too_long
from emulator.meta.graph.parameters import as_list, as_object, parse_json
from emulator.meta.platform import PlatformName

PROPERTIES = (
    *("get_started", "greeting", "ice_breakers", "persistent_menu", "whitelisted_domains"),
    *("account_linking_url", "home_url", "commands", "subject_to_new_eu_privacy_rules"),
)
# Instagram docs, "Messenger Profile API".
INSTAGRAM_PROPERTIES = ("ice_breakers", "persistent_menu", "get_started", "commands")

GREETING_LIMIT = 160  # characters; Messenger docs, "Greeting Text"
ICE_BREAKER_LIMIT = 4  # Messenger docs, "Ice Breakers"
DOMAIN_LIMIT = 50  # Messenger docs, "Domain Whitelisting"
PAYLOAD_LIMIT = 1000  # characters; Messenger docs, "Get Started Button"

# Seen by users of clients.
_NO_GET_STARTED = Refusal(
    100,
    "(#100) You must set a Get Started button if you also wish to use persistent menu",
    subcode=2018145,
)


class MessengerProfile:
    """The properties that are set."""

    def __init__(self, platform: PlatformName) -> None:
        self._known = INSTAGRAM_PROPERTIES if platform == "instagram" else PROPERTIES
        self._platform = platform
        self._set: dict[str, object] = {}

    def show(self, fields: Sequence[str]) -> Mapping[str, object] | Refusal:
        """`{"data":[{...}]}` with what is set of these; nothing in it when none is."""
        wrong = next((name for name in fields if name not in self._known), None)
        if wrong is not None or not fields:
            return one_of("fields", self._known)
        shown = {name: self._set[name] for name in fields if name in self._set}
        return {"data": [shown] if shown else []}

    def change(self, parameters: Mapping[str, object]) -> Mapping[str, object] | Refusal:
        """Set the properties that are given, all or none."""
        given: dict[str, object] = {}
        for name in self._known:
            if name not in parameters:
                continue
            value = _value(parameters[name])
            refusal = _CHECKS.get(name, _accept)(value)
            if refusal is not None:
                return refusal
            given[name] = value
        if not given:
            return required(" or ".join(self._known))
        if (
            "persistent_menu" in given
            and self._platform == "messenger"
            and "get_started" not in (self._set.keys() | given.keys())
        ):
            return _NO_GET_STARTED
        self._set.update(given)
        return {"result": "success"}

    def remove(self, fields: Sequence[str]) -> Mapping[str, object] | Refusal:
        """Remove properties, set or not."""
        wrong = next((name for name in fields if name not in self._known), None)
        if wrong is not None or not fields:
            return one_of("fields", self._known)
        left = self._set.keys() - set(fields)
        if self._platform == "messenger" and "persistent_menu" in left and "get_started" in fields:
            return _NO_GET_STARTED
        for name in fields:
            self._set.pop(name, None)
        return {"result": "success"}


def _value(sent: object) -> object:
    """In a form, objects and arrays are JSON texts."""
    if isinstance(sent, str) and sent.lstrip().startswith(("{", "[")):
        parsed = as_object(sent) if sent.lstrip().startswith("{") else as_list(sent)
        return sent if parsed is None else parsed
    return sent


def _accept(_value: object) -> Refusal | None:
    return None


def _check_get_started(value: object) -> Refusal | None:
    payload = value.get("payload") if isinstance(value, dict) else None
    if not isinstance(payload, str) or not payload:
        return required("get_started[payload]")
    if len(payload) > PAYLOAD_LIMIT:
        return too_long("get_started[payload]", PAYLOAD_LIMIT)
    return None


def _check_greeting(value: object) -> Refusal | None:
    if not isinstance(value, list) or not value:
        return invalid("Param greeting must be an array")
    for number, one in enumerate(value):
        for name in ("locale", "text"):
            if not isinstance(one, dict) or not isinstance(one.get(name), str):
                return required(f"greeting[{number}][{name}]")
        if len(one["text"]) > GREETING_LIMIT:
            return too_long(f"greeting[{number}][text]", GREETING_LIMIT)
    return None


def _check_ice_breakers(value: object) -> Refusal | None:
    if not isinstance(value, list):
        return invalid("Param ice_breakers must be an array")
    for number, one in enumerate(value):
        # Either questions, or a set of them for each locale.
        actions = one.get("call_to_actions", [one]) if isinstance(one, dict) else None
        if not isinstance(actions, list):
            return invalid(f"Param ice_breakers[{number}] must be an object")
        plain = actions == [one]
        if len(value if plain else actions) > ICE_BREAKER_LIMIT:
            return invalid(f"Param ice_breakers must have at most {ICE_BREAKER_LIMIT} elements")
        for action in actions:
            if not isinstance(action, dict) or not action.get("question"):
                return required(f"ice_breakers[{number}][question]")
    return None


def _check_menu(value: object) -> Refusal | None:
    if not isinstance(value, list):
        return invalid("Param persistent_menu must be an array")
    for number, one in enumerate(value):
        if not isinstance(one, dict) or not one.get("locale"):
            return required(f"persistent_menu[{number}][locale]")
    if all(one["locale"] != "default" for one in value):
        return invalid("Param persistent_menu must have a menu for the locale default")
    return None


def _check_domains(value: object) -> Refusal | None:
    if not isinstance(value, list):
        return invalid("Param whitelisted_domains must be an array")
    if len(value) > DOMAIN_LIMIT:
        return invalid(f"Param whitelisted_domains must have at most {DOMAIN_LIMIT} elements")
    for number, one in enumerate(value):
        if not isinstance(one, str) or not one.lower().startswith("https://"):
            return invalid(f"Param whitelisted_domains[{number}] must be an https URL")
    return None


def _check_link(value: object) -> Refusal | None:
    if not isinstance(value, str) or not value.lower().startswith("https://"):
        return invalid("Param account_linking_url must be an https URL")
    return None


_CHECKS: Mapping[str, Callable[[object], Refusal | None]] = {
    "get_started": _check_get_started,
    "greeting": _check_greeting,
    "ice_breakers": _check_ice_breakers,
    "persistent_menu": _check_menu,
    "whitelisted_domains": _check_domains,
    "account_linking_url": _check_link,
}


def read_names(sent: object) -> tuple[str, ...]:
    """A list of names: an array, the text of one, or names with commas between them."""
    if isinstance(sent, str):
        sent = parse_json(sent) if sent.strip().startswith("[") else sent.split(",")
    if not isinstance(sent, list):
        return ()
    return tuple(name.strip() for name in sent if isinstance(name, str) and name.strip())

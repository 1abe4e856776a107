"""Conversations written down in TOML: `[[users]]` with a name and a script."""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from emulator.errors import ScenarioError
from emulator.meta.people import conversation
from emulator.meta.people.conversation import THINK_S, VERBS, Conversation, Doing

KEYS = ("name", "script", "starts_s", "think_s", "count")

# Verbs that stand alone, and those that can not.
_ALONE = ("unsends", "reads")
_OPTIONAL = ("sends", "reacts", "unreacts")


def load_conversations(path: str | Path) -> tuple[Conversation, ...]:
    """The conversations of a file; a user with a `count` is so many people with numbered names.

    Raises ScenarioError, with the file, the key and what could stand there, for a file that can not
    be read and for anything in it that makes no sense.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{path} can not be read: {error}") from None
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"{path} is not TOML: {error}") from None
    try:
        return read_conversations(values)
    except ScenarioError as error:
        raise ScenarioError(f"{path}: {error}") from None


def read_conversations(values: Mapping[str, object]) -> tuple[Conversation, ...]:
    """The same of values that were read already; errors name the key only."""
    unknown = values.keys() - {"users"}
    if unknown:
        raise ScenarioError(f"{min(unknown)} is not known; a conversation has [[users]]")
    users = values.get("users")
    if not isinstance(users, list) or not users:
        raise ScenarioError("there is nobody; write [[users]] with a name and a script")
    return tuple(
        person
        for number, user in enumerate(users)
        for person in _read_user(f"users[{number}]", user)
    )


def _read_user(where: str, user: object) -> Sequence[Conversation]:
    if not isinstance(user, dict):
        raise ScenarioError(f"{where} has to be a table with a name and a script")
    unknown = user.keys() - set(KEYS)
    if unknown:
        raise ScenarioError(f"{where}.{min(unknown)} is not known; a user has {', '.join(KEYS)}")
    name, script = user.get("name"), user.get("script")
    if not isinstance(name, str) or not name:
        raise ScenarioError(f"{where}.name has to be a text")
    if not isinstance(script, list):
        raise ScenarioError(f'{where}.script has to be a list, such as ["says: hello"]')
    count = user.get("count", 1)
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        raise ScenarioError(f"{where}.count has to be a whole number from 1 on, not {count}")
    acts = tuple(_read_act(f"{where}.script[{number}]", act) for number, act in enumerate(script))
    names = [name] if "count" not in user else [f"{name}{number}" for number in range(count)]
    starts_s = _seconds(f"{where}.starts_s", user.get("starts_s", 0.0))
    think_s = _span(f"{where}.think_s", user.get("think_s", list(THINK_S)))
    try:
        return [Conversation(one, acts, starts_s, think_s) for one in names]
    except ScenarioError as error:
        raise ScenarioError(f"{where}: {error}") from None


def _read_act(where: str, act: object) -> Doing:
    """`"says: hello"`, `"reads"`, or a table of a verb and what goes with it."""
    if isinstance(act, str):
        verb, colon, words = (part.strip() for part in act.partition(":"))
        if verb in ("waits", "thinks"):
            raise ScenarioError(f"{where}: write {{ {verb} = {_example(verb)} }}")
        return _make(where, verb, words if colon else None, {})
    if not isinstance(act, dict):
        raise ScenarioError(f'{where} has to be a text, such as "says: hello", or a table')
    found = [key for key in act if key in VERBS]
    if len(found) != 1:
        raise ScenarioError(f"{where} needs one verb; it is one of {', '.join(VERBS)}")
    details = {key: value for key, value in act.items() if key != found[0]}
    return _make(where, found[0], act[found[0]], details)


def _make(where: str, verb: str, what: object, details: dict[str, object]) -> Doing:
    if verb not in VERBS:
        known = ", ".join(VERBS)
        raise ScenarioError(f"{where}: there is no verb {verb or '(none)'}; it is one of {known}")
    allowed = {"taps": {"payload"}}.get(verb, set())
    if verb != "happens" and details.keys() - allowed:
        raise ScenarioError(f"{where}: {verb} has no {min(details.keys() - allowed)}")
    if verb == "waits":
        return conversation.waits(_seconds(where, what))
    if verb == "thinks":
        return conversation.thinks(*_span(where, what))
    if verb in _ALONE:
        if what not in (None, True):
            raise ScenarioError(f"{where}: {verb} stands alone")
        return Doing(verb)
    if what is None and verb in _OPTIONAL:
        return conversation.sends() if verb == "sends" else Doing(verb, "love")
    if not isinstance(what, str) or not what:
        raise ScenarioError(f'{where}: {verb} what? Write "{verb}: {_example(verb)}"')
    if verb == "taps":
        payload = details.get("payload")
        if payload is not None and not isinstance(payload, str):
            raise ScenarioError(f"{where}: payload has to be a text, not {payload}")
        return conversation.taps(what, payload)
    return Doing(verb, what, details)


def _example(verb: str) -> str:
    examples = {"waits": "3", "thinks": "[1, 5]", "taps": "Yes", "happens": "order"}
    return examples.get(verb, "hello")


def _seconds(where: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise ScenarioError(f"{where} has to be a number of seconds, not {value}")
    return float(value)


def _span(where: str, value: object) -> tuple[float, float]:
    if not isinstance(value, list) or len(value) != 2:
        raise ScenarioError(f"{where} has to be two numbers of seconds, such as [1, 5]")
    low, high = (_seconds(where, one) for one in value)
    if low > high:
        raise ScenarioError(f"{where} has to rise, and goes from {low:g} to {high:g} s")
    return low, high

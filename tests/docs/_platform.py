"""The table of everything that the fake platform tells of, for `docs/meta.md`."""

from collections.abc import Iterator, Mapping

from emulator.meta.items.samples import DIALECTS, sample
from emulator.meta.items.update import Update
from emulator.meta.platform import TITLES, PlatformName
from tests.meta.shapes import moment

TEST = "items/test_common.py::test_items__are_exactly_these"
_COMMON = ("sender", "recipient", "timestamp", "from", "id", "type")
_PLACES = {
    "messaging": "",
    "standby": "`standby`: ",
    "changes": "`changes`: ",
    "test": "entry `0`: ",
}


def items() -> str:
    """A row for each kind of item: who asks for it, what it looks like, what holds it."""
    rows = ["| item | field | shape | answer? | test |", "| --- | --- | --- | --- | --- |"]
    for platform, dialect in DIALECTS.items():
        for kind in dialect.items.values():
            update = sample(moment(), platform, kind.name)
            answer = "yes" if kind.asks else "no"
            shape = _shape(platform, update)
            rows.append(
                f"| {TITLES[platform]} `{kind.name}` | `{update.field}` | {shape} | {answer} "
                f"| `{TEST}[{platform}]` |"
            )
    return "\n".join(rows) + "\n"


def _shape(platform: PlatformName, update: Update) -> str:
    """Keys, and those inside of them; without what every item has."""
    body = update.body
    is_part = platform == "whatsapp" and update.channel == "changes"
    place = f"`{update.part}`: " if is_part else _PLACES[update.channel]
    if update.channel in ("messaging", "standby") or (is_part and update.part == "messages"):
        body = {key: value for key, value in body.items() if key not in _COMMON}
    return place + f"`{', '.join(_keys(body))}`"


def _keys(value: Mapping[str, object]) -> Iterator[str]:
    for key, inner in value.items():
        first = inner[0] if isinstance(inner, list | tuple) and inner else inner
        brackets = ("[{", "}]") if first is not inner else ("{", "}")
        if isinstance(first, Mapping) and first:
            yield f"{key}: {brackets[0]}{', '.join(_keys(first))}{brackets[1]}"
        elif key == "type" and isinstance(inner, str):
            yield f"type: {inner}"
        else:
            yield key

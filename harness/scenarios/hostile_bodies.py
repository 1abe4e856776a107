"""Bodies that nobody should send: fixed ones, and strategies for others around a genuine one."""

import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from emulator.meta.wire import encode

Path = tuple[str | int, ...]

# Large, but below what the hosts take: AWS Lambda quotas, 6 MB; Vercel limits, 4.5 MB.
HUGE_BYTES = 3_000_000
# Beyond every parser's limit of nesting, and Python's of digits in a number (4,300).
DEPTH = 100_000
DIGITS = 5_000
BATCH = 1_000  # updates in one notification; Graph API docs, "Webhooks / Get started"

# Hypothesis prefers what stands first. Drawn from lists, because they hold what breaks parsers.
LEAVES: Sequence[object] = (
    *(None, False, True, 0, 1, -1, 2**63, 1.5, float("nan")),
    *("", "x", " ", "0", "null", "\N{GRINNING FACE}/\\\"'\n", "\x00"),
)
# None of them is the name of an id, so that nothing generated is a message that was never sent.
KEYS = (
    "x",
    "",
    "object",
    "entry",
    "messaging",
    "changes",
    "message",
    "text",
    "is_echo",
    "__proto__",
)
# What none of the parts is that a bot needs: all of those are texts, or have texts in them.
WRONG: Sequence[object] = (None, 0, [0], {"x": 0})
# How many parts of a queue message are made wrong, one at a time.
PARTS = 12
OBJECTS = ("page", "instagram", "user", "whatsapp_business_account", "")
# Legal as an escape in JSON, and not to be encoded again.
HALF_A_PAIR = "\ud800"

VALUES: SearchStrategy[Any] = st.recursive(
    st.sampled_from(LEAVES),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3)
    ),
    max_leaves=6,
)
NO_TEXT = VALUES.filter(lambda value: not isinstance(value, str))


@dataclass(frozen=True, slots=True)
class Body:
    """One body.

    `may_act` is that it still holds a message which the bot may well handle; `parts` are what to
    send singly when the whole fails.
    """

    label: str
    data: bytes
    may_act: bool = False
    parts: "tuple[Body, ...]" = ()


def no_messages() -> list[Body]:
    """What is no message in any way, simple ones first."""
    padded = {"object": "page", "entry": [], "padding": "x" * HUGE_BYTES}
    changes = [{"field": "feed", "value": {"item": "status"}}]
    mixed: list[Mapping[str, object]] = [
        {"id": "0", "changes": changes},
        {"id": "0", "messaging": [{}, None, []]},
        {"id": "0", "standby": [{}]},
    ]
    return [
        Body("empty", b""),
        Body("white space", b" "),
        Body("not JSON", b"{"),
        Body("a form", b"object=page&entry=0"),
        Body("not UTF-8", b'{"object":"\xff\xfe"}'),
        *(Body("another type", text) for text in (b"null", b"0", b"NaN", b'"page"', b"[]", b"{}")),
        *(Body("mixed objects", encode({"object": each, "entry": mixed})) for each in OBJECTS),
        Body("a batch of nothing", encode({"object": "page", "entry": [{}] * BATCH})),
        Body("endless digits", b'{"object":"page","entry":' + b"9" * DIGITS + b"}"),
        Body("deep", b"[" * DEPTH + b"]" * DEPTH),
        Body("deep object", b'{"entry":' * DEPTH + b"0" + b"}" * DEPTH),
        Body("huge", encode(padded)),
        Body("huge and not JSON", b"x" * HUGE_BYTES),
    ]


class Webhooks:
    """Notifications around `item`, the genuine event of a text.

    `ids` are the texts that make it a message of somebody: its mid and its sender. A body with all
    of them may be handled. `genuine` is the notification with that event alone.
    """

    def __init__(self, item: Mapping[str, Any], *, page_id: str, ids: Sequence[str]) -> None:
        self._item = item
        self._page_id = page_id
        self._ids = ids
        self.genuine: Any = self._document([item])

    def fixed(self) -> list[Body]:
        """What is no message, and the genuine event with one part that is not what it should be.

        What leaves no message comes in one body: such events are skipped, so all of them are seen.
        """
        items = [_with(self._item, path, value) for path, value in _wrong(self._needed())]
        without = [_without(self._item, path) for path in self._needed() if path]
        entries = [
            *WRONG,
            *(self._entry(value) for value in WRONG),
            *(self._entry([item]) for item in (*items, *without)),
        ]
        text = ("message", "text")
        texts = [_with(self._item, text, value) for value in WRONG]
        return [
            *no_messages(),
            *(self._body("no entries", self._notice(value)) for value in WRONG),
            Body(
                "events of wrong types",
                encode(self._notice(entries)),
                parts=tuple(
                    Body("an event of wrong types", encode(self._notice([entry])))
                    for entry in entries
                ),
            ),
            *(
                self._body("a text of another type", self._document([item]))
                for item in (*texts, _without(self._item, text))
            ),
        ]

    def generated(self) -> SearchStrategy[Body]:
        """Everything else."""
        whole = self.genuine
        items = st.one_of(
            st.just(self._item), VALUES, _altered(self._item, self._ids_in(self._item))
        )
        entries = st.lists(items, max_size=4).map(lambda found: self._document(found)["entry"][0])
        kinds = st.tuples(st.sampled_from(OBJECTS) | VALUES, st.lists(entries | VALUES, max_size=3))
        return st.one_of(
            _altered(whole, self._ids_in(whole)).map(partial(self._body, "one part altered")),
            st.lists(items, min_size=1, max_size=6)
            .map(self._document)
            .map(partial(self._body, "a batch")),
            kinds.map(lambda kind: {"object": kind[0], "entry": kind[1]}).map(
                partial(self._body, "mixed objects")
            ),
            VALUES.map(partial(self._body, "any JSON")),
            _damaged(encode(whole)),
        )

    def _needed(self) -> list[Path]:
        """The ids in the item, and what they are in."""
        return sorted({path[:length] for path in self._ids_in(self._item) for length in range(3)})

    def _ids_in(self, value: Any) -> list[Path]:
        return [path for path in _paths(value) if _at(value, path) in self._ids]

    def _document(self, items: Sequence[Any]) -> dict[str, Any]:
        return self._notice([self._entry(items)])

    def _entry(self, items: Any) -> dict[str, Any]:
        return {"time": 0, "id": self._page_id, "messaging": items}

    def _notice(self, entries: Any) -> dict[str, Any]:
        return {"object": "page", "entry": entries}

    def _body(self, label: str, value: Any) -> Body:
        data = encode(value)
        return Body(label, data, may_act=all(each.encode() in data for each in self._ids))


class Jobs:
    """Queue messages around `genuine`, one of the bot's own (None when that is no JSON).

    What is left of it may be handled: the bot alone knows what it needs of it. No text becomes
    another one, for it may be an id, and who refuses an unknown id is right.
    """

    def __init__(self, genuine: bytes) -> None:
        self._data = genuine
        try:
            self.genuine: Any = json.loads(genuine)
        except ValueError:
            self.genuine = None

    def fixed(self) -> list[Body]:
        """What is no queue message, and the genuine one with one part that is not what it should
        be.
        """
        paths = [path for path in _paths(self.genuine) if path][:PARTS]
        return [
            *no_messages(),
            *(self._body(_with(self.genuine, *wrong)) for wrong in _wrong(paths)),
            *(self._body(_without(self.genuine, path)) for path in paths),
        ]

    def generated(self) -> SearchStrategy[Body]:
        """Everything else."""
        anything = VALUES.map(lambda value: Body("any JSON", encode(value)))
        if self.genuine is None:
            return anything
        paths = _paths(self.genuine)
        texts = [path for path in paths if isinstance(_at(self.genuine, path), str)]
        altered = _altered(self.genuine, texts).map(self._body)
        return st.one_of(altered, anything, _damaged(self._data))

    def _body(self, value: Any) -> Body:
        return Body("one part altered", encode(value), may_act=True)


def _wrong(paths: Sequence[Path]) -> list[tuple[Path, object]]:
    return [(path, value) for path in paths for value in WRONG]


def _altered(document: Any, ids: Sequence[Path]) -> SearchStrategy[Any]:
    """The document with one part left out, of another value, or with a part more; what is at `ids`
    becomes no other text.
    """
    paths = _paths(document)
    others = [path for path in paths if path not in ids]
    holders = [path for path in paths if isinstance(_at(document, path), dict)]
    kinds = [
        st.sampled_from(paths).map(lambda path: _without(document, path)),
        st.builds(lambda path, value: _with(document, path, value), st.sampled_from(others), VALUES)
        if others
        else st.nothing(),
        st.builds(lambda path, value: _with(document, path, value), st.sampled_from(ids), NO_TEXT)
        if ids
        else st.nothing(),
        st.builds(
            lambda path, key, value: _with(document, (*path, "thrice " + key), value),
            st.sampled_from(holders),
            st.sampled_from(KEYS),
            VALUES | st.just(HALF_A_PAIR),
        )
        if holders
        else st.nothing(),
    ]
    return st.one_of(kinds)


def _damaged(whole: bytes) -> SearchStrategy[Body]:
    """The JSON cut off somewhere, or with a byte somewhere that no string may hold."""
    places = st.integers(0, 99).map(lambda percent: len(whole) * percent // 100)
    broken = st.one_of(
        places.map(lambda at: whole[:at]),
        st.builds(
            lambda at, byte: whole[:at] + byte + whole[at + 1 :],
            places,
            st.sampled_from((b'"', b"\x00", b"\xff")),
        ),
    )
    return broken.map(lambda data: Body("damaged JSON", data, may_act=data == whole))


def _paths(document: Any) -> list[Path]:
    """Where the parts of a document are, the whole first."""
    found: list[Path] = [()]
    if isinstance(document, dict):
        found += [(key, *rest) for key, value in document.items() for rest in _paths(value)]
    elif isinstance(document, list):
        found += [(at, *rest) for at, value in enumerate(document) for rest in _paths(value)]
    return found


def _at(document: Any, path: Path) -> Any:
    for key in path:
        document = document[key]
    return document


def _with(document: Any, path: Path, value: object) -> Any:
    if not path:
        return value
    changed = copy.deepcopy(document)
    _at(changed, path[:-1])[path[-1]] = value
    return changed


def _without(document: Any, path: Path) -> Any:
    if not path:
        return {}
    changed = copy.deepcopy(document)
    del _at(changed, path[:-1])[path[-1]]
    return changed

"""JSON documents of which one part is not as it should be, and values that break parsers."""

import copy
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

Path = tuple[str | int, ...]

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


def wrong_parts(paths: Sequence[Path]) -> list[tuple[Path, object]]:
    return [(path, value) for path in paths for value in WRONG]


def altered(document: Any, ids: Sequence[Path]) -> SearchStrategy[Any]:
    """The document with one part left out, of another value, or with a part more; what is at `ids`
    becomes no other text.
    """
    paths = paths_in(document)
    others = [path for path in paths if path not in ids]
    holders = [path for path in paths if isinstance(at_path(document, path), dict)]
    kinds = [
        st.sampled_from(paths).map(lambda path: without_part(document, path)),
        st.builds(
            lambda path, value: with_part(document, path, value), st.sampled_from(others), VALUES
        )
        if others
        else st.nothing(),
        st.builds(
            lambda path, value: with_part(document, path, value), st.sampled_from(ids), NO_TEXT
        )
        if ids
        else st.nothing(),
        st.builds(
            lambda path, key, value: with_part(document, (*path, "thrice " + key), value),
            st.sampled_from(holders),
            st.sampled_from(KEYS),
            VALUES | st.just(HALF_A_PAIR),
        )
        if holders
        else st.nothing(),
    ]
    return st.one_of(kinds)


def paths_in(document: Any) -> list[Path]:
    """Where the parts of a document are, the whole first."""
    found: list[Path] = [()]
    if isinstance(document, dict):
        found += [(key, *rest) for key, value in document.items() for rest in paths_in(value)]
    elif isinstance(document, list):
        found += [(at, *rest) for at, value in enumerate(document) for rest in paths_in(value)]
    return found


def at_path(document: Any, path: Path) -> Any:
    for key in path:
        document = document[key]
    return document


def with_part(document: Any, path: Path, value: object) -> Any:
    if not path:
        return value
    changed = copy.deepcopy(document)
    at_path(changed, path[:-1])[path[-1]] = value
    return changed


def without_part(document: Any, path: Path) -> Any:
    if not path:
        return {}
    changed = copy.deepcopy(document)
    del at_path(changed, path[:-1])[path[-1]]
    return changed

"""Notifications that nobody should send, around genuine ones of every kind."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from emulator.meta.delivery.wire import encode
from harness.scenarios.genuine import as_written
from harness.scenarios.hostile_bodies import OBJECTS, Body, damaged, no_messages
from harness.scenarios.hostile_parts import (
    VALUES,
    WRONG,
    Path,
    altered,
    at_path,
    paths_in,
    with_part,
    without_part,
    wrong_parts,
)

# What the time of a notification is: some moment.
TIME = 0


class Webhooks:
    """Notifications around `genuine`, one with the event of somebody's text alone.

    Its events are at the place `events` of it. `ids` are the texts that make it a message of
    somebody: its mid and its sender. A body with all of them may be handled. `others` are entries
    of notifications of every kind that the platform knows, by the name of the kind; they have the
    same ids. What a bot makes of them is its own business.
    """

    def __init__(
        self,
        genuine: Mapping[str, Any],
        events: Path,
        *,
        text: str,
        ids: Sequence[str],
        others: Mapping[str, Mapping[str, Any]],
    ) -> None:
        self._told_as = genuine["object"]
        self._entry_of_one = _timeless(genuine["entry"][0])
        self._events = events[2:]
        self._ids = ids
        self._written = [as_written(each) for each in ids]
        self._others = {name: _timeless(entry) for name, entry in others.items()}
        (self._item,) = at_path(genuine, events)
        (self._text,) = [path for path in paths_in(self._item) if at_path(self._item, path) == text]
        self.genuine: Any = self._document([self._item])

    def fixed(self) -> list[Body]:
        """What is no message, the genuine event with one part that is not what it should be, and
        genuine ones of other kinds.

        What leaves no message comes in one body: such events are skipped, so all of them are seen.
        """
        items = [with_part(self._item, path, value) for path, value in wrong_parts(self._needed())]
        without = [without_part(self._item, path) for path in self._needed() if path]
        entries = [
            *WRONG,
            *(self._entry(value) for value in WRONG),
            *(self._entry([item]) for item in (*items, *without)),
        ]
        # Who wrote a message may stand beside it as well.
        whole = [entry for entry in entries if self._may_act(encode(entry))]
        broken = [entry for entry in entries if entry not in whole]
        texts = [with_part(self._item, self._text, value) for value in WRONG]
        return [
            *no_messages(),
            *(self._body("no entries", self._notice(value)) for value in WRONG),
            Body(
                "events of wrong types",
                encode(self._notice(broken)),
                parts=tuple(
                    Body("an event of wrong types", encode(self._notice([entry])))
                    for entry in broken
                ),
            ),
            *(self._body("an event of wrong types", self._notice([entry])) for entry in whole),
            *(
                self._body("a text of another type", self._document([item]))
                for item in (*texts, without_part(self._item, self._text))
            ),
            *(
                Body(f"a genuine {name}", encode(self._notice([entry])), may_act=True)
                for name, entry in self._others.items()
            ),
        ]

    def generated(self) -> SearchStrategy[Body]:
        """Everything else."""
        whole = self.genuine
        items = st.one_of(
            st.just(self._item), VALUES, altered(self._item, self._ids_in(self._item))
        )
        entries = st.lists(items, max_size=4).map(lambda found: self._document(found)["entry"][0])
        kinds = st.tuples(st.sampled_from(OBJECTS) | VALUES, st.lists(entries | VALUES, max_size=3))
        return st.one_of(
            altered(whole, self._ids_in(whole)).map(partial(self._body, "one part altered")),
            st.lists(items, min_size=1, max_size=6)
            .map(self._document)
            .map(partial(self._body, "a batch")),
            kinds.map(lambda kind: {"object": kind[0], "entry": kind[1]}).map(
                partial(self._body, "mixed objects")
            ),
            VALUES.map(partial(self._body, "any JSON")),
            damaged(encode(whole)),
        )

    def of_every_kind(self) -> SearchStrategy[Body]:
        """Batches of events of many kinds, with one part of each altered."""
        entries = [
            st.none() | altered(entry, self._ids_in(entry)) for entry in self._others.values()
        ]
        return st.tuples(*entries).map(self._of_kinds)

    def _of_kinds(self, found: Sequence[Any]) -> Body:
        entries = [entry for entry in found if entry is not None]
        # A part that is left out or altered may make a message of what was none.
        return Body("events of other kinds", encode(self._notice(entries)), may_act=True)

    def _needed(self) -> list[Path]:
        """The ids in the item, and what they are in."""
        return sorted({path[:length] for path in self._ids_in(self._item) for length in range(3)})

    def _ids_in(self, value: Any) -> list[Path]:
        return [path for path in paths_in(value) if at_path(value, path) in self._ids]

    def _document(self, items: Sequence[Any]) -> dict[str, Any]:
        return self._notice([self._entry(items)])

    def _entry(self, items: Any) -> Any:
        return with_part(self._entry_of_one, self._events, items)

    def _notice(self, entries: Any) -> dict[str, Any]:
        return {"object": self._told_as, "entry": entries}

    def _body(self, label: str, value: Any) -> Body:
        data = encode(value)
        return Body(label, data, may_act=self._may_act(data))

    def _may_act(self, data: bytes) -> bool:
        return all(each in data for each in self._written)


def _timeless(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {**entry, "time": TIME} if "time" in entry else dict(entry)

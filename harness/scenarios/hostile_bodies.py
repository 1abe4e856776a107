"""Bodies that nobody should send: what is no message in any way, and queue messages around a
genuine one.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from emulator.meta.delivery.wire import encode
from harness.scenarios.hostile_parts import (
    VALUES,
    altered,
    at_path,
    paths_in,
    with_part,
    without_part,
    wrong_parts,
)

# Large, but below what the hosts take: AWS Lambda quotas, 6 MB; Vercel limits, 4.5 MB.
HUGE_BYTES = 3_000_000
# Beyond every parser's limit of nesting, and Python's of digits in a number (4,300).
DEPTH = 100_000
DIGITS = 5_000
BATCH = 1_000  # updates in one notification; Graph API docs, "Webhooks / Get started"

# How many parts of a queue message are made wrong, one at a time.
PARTS = 12
OBJECTS = ("page", "instagram", "user", "whatsapp_business_account", "")


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


def damaged(whole: bytes) -> SearchStrategy[Body]:
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
        paths = [path for path in paths_in(self.genuine) if path][:PARTS]
        return [
            *no_messages(),
            *(self._body(with_part(self.genuine, *wrong)) for wrong in wrong_parts(paths)),
            *(self._body(without_part(self.genuine, path)) for path in paths),
        ]

    def generated(self) -> SearchStrategy[Body]:
        """Everything else."""
        anything = VALUES.map(lambda value: Body("any JSON", encode(value)))
        if self.genuine is None:
            return anything
        paths = paths_in(self.genuine)
        texts = [path for path in paths if isinstance(at_path(self.genuine, path), str)]
        changed = altered(self.genuine, texts).map(self._body)
        return st.one_of(changed, anything, damaged(self._data))

    def _body(self, value: Any) -> Body:
        return Body("one part altered", encode(value), may_act=True)

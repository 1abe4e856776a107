"""The reports' arithmetic, row by row: a model, what was claimed, and why the two differ."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from harness.incident.model import HOUR_S, Model, Tally
from harness.incident.plain import simulate

MESSAGES = 300  # the user messages of the incident

# Attempts are random with a mean of 2 when each of up to four fails with this chance:
# 1 + p + p^2 + p^3 = 2.
MEAN_TWO = 0.5437

BURN = Model(triggers=3, attempts=2, levels=4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One way to count. `sample` is how many user messages are simulated, more than one where
    attempts are random; `root` counts the user message itself as one of the queue's.
    """

    id: str
    title: str
    model: Model
    claim: str
    why: str
    sample: int = 1
    root: bool = False
    per_hour: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A row with what its simulation counted; `tally` is of all `row.sample` messages."""

    row: Row
    tally: Tally

    @property
    def exact(self) -> bool:
        return self.row.sample == 1

    @property
    def deliveries(self) -> float:
        """Queue messages for one user message, as the row counts them."""
        return self.tally.deliveries / self.tally.messages + self.row.root

    @property
    def publishes(self) -> float:
        return self.tally.publishes / self.tally.messages

    def as_dict(self) -> dict[str, Any]:
        """A JSON object; figures are per user message, except `for_300`."""
        return {
            "row": self.row.id,
            "title": self.row.title,
            "model": asdict(self.row.model),
            "messages_simulated": self.row.sample,
            "exact": self.exact,
            "by_generation": [_whole(count / self.tally.messages) for count in self.tally.levels],
            "deliveries": _whole(self.deliveries),
            "publishes": _whole(self.publishes),
            "for_300": {
                "deliveries": _whole(self.deliveries * MESSAGES),
                "publishes": _whole(self.publishes * MESSAGES),
            },
            "ends": self.tally.quiet,
            "virtual_s": round(self.tally.virtual_s, 3),
            "claim": self.row.claim,
            "why": self.row.why,
        }


ROWS: tuple[Row, ...] = (
    Row(
        id="1",
        title="A: 3 passes, each trigger becomes 3 webhooks; 5 levels",
        model=Model(triggers=3, levels=5),
        claim="1,093 per message in 5 levels",
        why="five levels are 363; for 1,093 see row 3",
    ),
    Row(
        id="2",
        title="A, 6 levels",
        model=Model(triggers=3, levels=6),
        claim="3 -> 9 -> 27 -> 81 -> 243 -> 729",
        why="that sequence has six levels, and its sum is 1,092",
    ),
    Row(
        id="3",
        title="A, 6 levels, the user message counted too",
        model=Model(triggers=3, levels=6),
        claim="1,093 per message, 327,900 for 300",
        why="counts the user message as a queue message, which it is not; row 5 does not",
        root=True,
    ),
    Row(
        id="4",
        title="B: as A, the queue tries everything twice; 3 levels",
        model=Model(triggers=3, attempts=2, levels=3),
        claim="258 per message in 3 levels",
        why="counts delivery attempts; it is half as many publishes",
    ),
    Row(
        id="5",
        title="B, 4 levels",
        model=BURN,
        claim="1,554 per message, 466,200 for 300",
        why="again attempts; 6.8 % short of 500,000, and publishes are half",
    ),
    Row(
        id="6",
        title="B, 4 levels, attempts random, 2 on average",
        model=Model(triggers=3, failure=MEAN_TWO, levels=4),
        claim="default 3 attempts, 2x on average",
        why="the default is 3 retries, so 4 attempts; a mean of 2 takes 54.4 % failures of each. "
        "1,554 is then expected, give or take 550 from message to message",
        sample=20,
    ),
    Row(
        id="7",
        title="the quoted code: 3 passes, a trigger is posted once; 5,560 s",
        model=Model(horizon_s=5_560.0),
        claim="each trigger gives 3 more webhooks",
        why="the bot posts it, once: R = 1, and 1,665 after 93 minutes without any growth",
    ),
    Row(
        id="8a",
        title="row 7 with 2 attempts, 8 levels",
        model=Model(attempts=2, levels=8),
        claim="",
        why="retries alone double each level: R is the attempts per publish",
    ),
    Row(
        id="8b",
        title="row 7 with 2 attempts, 9 levels",
        model=Model(attempts=2, levels=9),
        claim="",
        why="one level more: no whole number of levels gives 500,000",
    ),
    Row(
        id="9",
        title="an atomic marker, the trigger kept; 1 hour",
        model=Model(marker="atomic", horizon_s=HOUR_S),
        claim="lesson 1: atomic deduplication",
        why="it stops the tripling, not the loop: one more every 10 s, for ever",
        per_hour=True,
    ),
    Row(
        id="10a",
        title="a racy marker that is never cleared",
        model=Model(clears=False),
        claim="",
        why="the trigger finds the marker: the loop ends, the tripling stays",
    ),
    Row(
        id="10b",
        title="an atomic marker that is never cleared",
        model=Model(clears=False, marker="atomic"),
        claim="",
        why="right for one message, but the user's next one is never answered",
    ),
    Row(
        id="11",
        title="the safe design: one claim for each mid, no trigger",
        model=Model(marker="safe"),
        claim="900 webhooks, 300 pass, 300 queue messages",
        why="so it is",
    ),
)


def play(row: Row, *, seed: int = 1) -> Line:
    """Simulate a row; rows that are exact do not depend on the seed."""
    return Line(row, simulate(row.model, messages=row.sample, seed=seed))


def play_all(*, seed: int = 1) -> list[Line]:
    """All rows, in less than a second or two."""
    return [play(row, seed=seed) for row in ROWS]


def by_id() -> Mapping[str, Row]:
    return {row.id: row for row in ROWS}


def _whole(value: float) -> float:
    return int(value) if value == int(value) else round(value, 1)

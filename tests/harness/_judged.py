"""What a bot of a matrix is judged by: in `make prove` everything, at the standard budget; in the
ordinary suite, where a certificate of all checks for each bot would take ten minutes of CPU, some
of its own checks and fewer of the others, at the quick one.
"""

import re
from collections.abc import Collection, Sequence
from itertools import pairwise

from harness.certificate import Certificate
from harness.checks import CATALOGUE
from harness.explore.budget import BUDGETS
from tests._seeds import PROVING

BUDGET = BUDGETS["standard" if PROVING else "quick"]

SCENARIOS = tuple(dict.fromkeys(check.scenario.id for check in CATALOGUE.values()))

# Of the scenarios that a bot fails beside the first, one in so many is played.
EVERY_FAILING = 4

# A row of a schedule: its column is told by how far it is set in.
_ROW = re.compile(r" *\d+  (?P<gap> *)\S.*")

# The checks that search, and how many copies of a webhook they do it with.
RACES = {"race-k2": 2, "race-k3": 3}
SEARCHES = frozenset({*RACES, "fault-1", "instance-killed"})


def judged(table: Sequence[Sequence[str]], number: int, *, every: int) -> tuple[str, ...]:
    """The checks to judge the bot at place `number` of a table by, in which each bot has the checks
    that it must fail.

    In the ordinary suite these are the first of them, the race of two copies if it is one, those of
    a quarter of the scenarios that it fails, and those of one in `every` that it has to pass; for
    each bot others, so that each scenario judges some that fail it and some that pass.
    """
    if PROVING:
        return tuple(CATALOGUE)
    own = table[number]
    always = {CATALOGUE[check].scenario.id for check in own[:1]}
    always |= {CATALOGUE[check].scenario.id for check in own if check == "race-k2"}
    failing = [{CATALOGUE[check].scenario.id for check in each} for each in table]
    chosen = {
        scenario
        for place, scenario in enumerate(SCENARIOS)
        if scenario in always or _is_next(scenario, place, failing, number, every)
    }
    return tuple(check.id for check in CATALOGUE.values() if check.scenario.id in chosen)


def _is_next(
    scenario: str, place: int, failing: Sequence[Collection[str]], number: int, every: int
) -> bool:
    """Whether it is this bot's turn, among those that fail the scenario as it does or pass it."""
    fails = scenario in failing[number]
    before = sum((scenario in each) == fails for each in failing[:number])
    return (before + place) % (EVERY_FAILING if fails else every) == 0


def failed(certificate: Certificate) -> set[str]:
    """The checks that failed; nothing else may have gone wrong."""
    assert certificate.problems == ()
    return {verdict.check for verdict in certificate.verdicts if verdict.result == "failed"}


def told(certificate: Certificate) -> str:
    """What failed and by what, for a test that expected something else."""
    return "\n".join(
        line
        for verdict in certificate.failures
        for line in (f"{verdict.check}: {verdict.observed}", *map("  {}".format, verdict.evidence))
    )


def switches(certificate: Certificate) -> dict[str, int]:
    """Of each race that was found, how often another delivery moves next in the table of it."""
    found: dict[str, int] = {}
    for verdict in certificate.verdicts:
        if verdict.check in RACES and verdict.failed:
            rows = [row for line in verdict.evidence if (row := _ROW.fullmatch(line))]
            assert rows
            columns = [len(row["gap"]) for row in rows]
            found[verdict.check] = sum(one != other for one, other in pairwise(columns))
    return found

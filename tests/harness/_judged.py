"""What a bot of a matrix is judged by: in `make prove` everything, at the standard budget; in the
ordinary suite, where a certificate of all checks for each bot would take ten minutes, its own
checks and some of the others, at the quick one.
"""

import re
from collections.abc import Collection

from harness.certificate import Certificate
from harness.checks import CATALOGUE
from harness.explore.budget import BUDGETS
from tests._seeds import PROVING

BUDGET = BUDGETS["standard" if PROVING else "quick"]

SCENARIOS = tuple(dict.fromkeys(check.scenario.id for check in CATALOGUE.values()))

# The checks that search, and how many copies of a webhook they do it with.
RACES = {"race-k2": 2, "race-k3": 3}
SEARCHES = frozenset({*RACES, "fault-1", "instance-killed"})


def judged(own: Collection[str], number: int, *, every: int) -> tuple[str, ...]:
    """The checks to judge the bot at place `number` of a table by.

    In the ordinary suite these are the checks of the scenarios that its `own` checks need, and of
    one in `every` other scenarios: those that it has to pass, each bot others.
    """
    if PROVING:
        return tuple(CATALOGUE)
    wanted = {CATALOGUE[check].scenario.id for check in own}
    wanted |= set(SCENARIOS[number % every :: every])
    return tuple(check.id for check in CATALOGUE.values() if check.scenario.id in wanted)


def failed(certificate: Certificate) -> set[str]:
    """The checks that failed; nothing else may have gone wrong."""
    assert certificate.problems == ()
    return {verdict.check for verdict in certificate.verdicts if verdict.result == "failed"}


def switches(certificate: Certificate) -> dict[str, int]:
    """Of each race that was found, how often another delivery moves next in the table of it."""
    found: dict[str, int] = {}
    for verdict in certificate.verdicts:
        if verdict.check in RACES and verdict.failed:
            title = re.fullmatch(
                r"copies on \w+, (\d+) switch(es)? of delivery:", verdict.evidence[0]
            )
            assert title is not None
            found[verdict.check] = int(title[1])
    return found

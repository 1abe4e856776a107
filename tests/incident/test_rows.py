"""The arithmetic of the reports: every row simulated, and equal to its formula where it has one."""

import math

import pytest

from harness.growth.geometry import total_after
from harness.incident.model import Model
from harness.incident.plain import simulate
from harness.incident.rows import BURN, MEAN_TWO, MESSAGES, ROWS, by_id, play

# Row -> deliveries and publishes for one user message, and deliveries for 300.
EXACT = {
    "1": (363, 363, 108_900),
    "2": (1_092, 1_092, 327_600),
    "3": (1_093, 1_092, 327_900),
    "4": (258, 129, 77_400),
    "5": (1_554, 777, 466_200),
    "7": (1_665, 1_668, 499_500),
    "8a": (1_530, 765, 459_000),
    "8b": (3_066, 1_533, 919_800),
    "9": (359, 360, 107_700),
    "10a": (3, 3, 900),
    "10b": (1, 1, 300),
    "11": (1, 1, 300),
}


@pytest.mark.parametrize("row", EXACT)
def test_row__is_exact(row: str) -> None:
    line = play(by_id()[row])
    deliveries, publishes, for_300 = EXACT[row]
    assert (line.deliveries, line.publishes) == (deliveries, publishes)
    assert line.deliveries * MESSAGES == for_300
    assert line.tally.rejected == 0


def test_every_row__is_exact_or_random() -> None:
    assert {row.id for row in ROWS} == {*EXACT, "6"}
    assert [row.id for row in ROWS if row.sample > 1] == ["6"]


@pytest.mark.parametrize(
    ("row", "levels"),
    [
        ("1", (3, 9, 27, 81, 243)),
        ("2", (3, 9, 27, 81, 243, 729)),
        ("4", (6, 36, 216)),
        ("5", (6, 36, 216, 1_296)),
        ("8a", tuple(6 * 2**level for level in range(8))),
        ("9", (1,) * 359),
        ("7", (3,) * 555),
        ("10a", (3,)),
        ("11", (1,)),
    ],
)
def test_row__has_its_generations(row: str, levels: tuple[int, ...]) -> None:
    assert play(by_id()[row]).tally.levels == levels


@pytest.mark.parametrize("triggers", [1, 2, 3])
@pytest.mark.parametrize("attempts", [1, 2, 3])
@pytest.mark.parametrize("levels", [1, 2, 3])
def test_simulation__equals_the_formula(triggers: int, attempts: int, levels: int) -> None:
    tally = simulate(Model(triggers=triggers, attempts=attempts, levels=levels))
    expected = total_after(3 * attempts, triggers * attempts, levels)
    assert tally.deliveries == expected
    assert tally.publishes == expected / attempts
    assert tally.quiet


def test_senders__do_not_influence_one_another() -> None:
    assert simulate(BURN, messages=7) == simulate(BURN).times(7)


def test_endless_loop__is_never_quiet_and_never_grows() -> None:
    tally = play(by_id()["7"]).tally
    assert not tally.quiet
    assert set(tally.levels) == {3}


@pytest.mark.parametrize("row", ["10a", "10b", "11"])
def test_end__comes_by_itself_without_a_limit(row: str) -> None:
    assert by_id()[row].model.levels is None
    assert play(by_id()[row]).tally.quiet


def test_row_5__takes_forty_virtual_seconds() -> None:
    assert f"{simulate(BURN).virtual_s:.1f}" == "40.0"


def test_random_attempts__are_two_on_average() -> None:
    tally = simulate(Model(failure=MEAN_TWO, levels=1), messages=1_000)
    # The standard deviation of one publish's attempts is 1.11.
    assert tally.deliveries / tally.publishes == pytest.approx(2.0, abs=4 * 1.11 / math.sqrt(3_000))


def test_random_attempts__are_at_most_four() -> None:
    tally = simulate(Model(failure=1.0, levels=1))
    assert tally.deliveries == 4 * tally.publishes


def test_random_attempts__make_row_6_what_row_5_is_on_average() -> None:
    # Two generations, 6 + 36 on average; the deviation of their sum is 14.3 for a message.
    messages = 300
    tally = simulate(Model(triggers=3, failure=MEAN_TWO, levels=2), messages=messages)
    assert tally.deliveries / messages == pytest.approx(42, abs=4 * 14.3 / math.sqrt(messages))


def test_random_attempts__depend_on_the_seed_only() -> None:
    model = Model(triggers=3, failure=MEAN_TWO, levels=2)
    assert simulate(model, seed=1) == simulate(model, seed=1)
    assert len({simulate(model, seed=seed).deliveries for seed in range(8)}) > 4

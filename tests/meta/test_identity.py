"""The shapes of ids, and what they depend on."""

import re

import pytest

from emulator.chance import Chance
from emulator.meta import identity


@pytest.mark.parametrize("seed", range(20))
def test_ids__shapes(seed: int) -> None:
    chance = Chance(seed)

    assert re.fullmatch(r"[1-9]\d{16}", identity.psid(chance, "1", "ada"))
    assert re.fullmatch(r"m_[A-Za-z0-9_-]{86}", identity.mid(chance, "u0"))
    assert re.fullmatch(r"[1-9]\d{8,9}", identity.challenge(chance, "handshake0"))
    assert re.fullmatch(r"A[A-Za-z0-9_-]{22}", identity.trace_id(chance, "u0.w0#0"))


def test_challenge__fits_31_bits() -> None:
    chance = Chance(0)

    numbers = [int(identity.challenge(chance, str(number))) for number in range(1000)]

    assert min(numbers) >= 10**8
    assert max(numbers) < 2**31


def test_psid__one_per_person_and_page() -> None:
    chance = Chance(0)

    ids = {identity.psid(chance, page, name) for page in ("1", "2") for name in ("ada", "bob")}

    assert len(ids) == 4


def test_ids__differ_between_seeds() -> None:
    assert identity.mid(Chance(1), "u0") != identity.mid(Chance(2), "u0")
    assert identity.psid(Chance(1), "1", "ada") != identity.psid(Chance(2), "1", "ada")


def test_ids__same_seed_same_id() -> None:
    assert identity.mid(Chance(1), "u0") == identity.mid(Chance(1), "u0")

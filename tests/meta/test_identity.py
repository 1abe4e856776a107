"""The shapes of ids, and what they depend on."""

import re
from base64 import b64decode

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
    assert re.fullmatch(r"[1-9]\d{14}", identity.igsid(chance, "1", "ada"))
    assert re.fullmatch(r"1555[1-9]\d{6}", identity.wa_id(chance, "1", "ada"))
    assert re.fullmatch(r"US\.[1-9]\d{19}", identity.business_user_id(chance, "1", "ada"))


@pytest.mark.parametrize("seed", range(20))
def test_instagram_mid__decodes_once_the_letters_are_put_back(seed: int) -> None:
    mid = identity.instagram_mid(Chance(seed), "u0", account="17841400000000003")

    assert mid.startswith("aWdfZAG1faXRlbToxOklHTWVzc2FnZ")
    assert 160 <= len(mid) <= 172
    plain = b64decode(mid.replace("ZD", "=").replace("ZA", "Z")).decode()
    assert re.fullmatch(r"ig_dm_item:1:IGMessageID:17841400000000003:\d{39}:\d{35}", plain)


@pytest.mark.parametrize("number", ["15550000006", "4930901820"])
def test_wamid__is_padded_base64_of_the_number(number: str) -> None:
    mid = identity.wamid(Chance(0), "u0", number=number)

    prefix, _, coded = mid.partition(".")
    assert prefix == "wamid"
    assert number.encode() in b64decode(coded, validate=True)


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

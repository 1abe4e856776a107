"""What can be asked of people and of the page."""

import pytest

from emulator.chance import Chance
from emulator.meta.credentials import Credentials
from emulator.meta.graph.addressing import Refusal
from emulator.meta.graph.profile import account_profile, person_profile

PSID = "26628309676818465"


def ada(*fields: str, seed: int = 0) -> dict[str, object]:
    found = person_profile(Chance(seed), psid=PSID, nickname="ada", fields=fields)
    assert not isinstance(found, Refusal)
    return dict(found)


def test_person__what_is_asked_in_that_order() -> None:
    assert list(ada("last_name", "id")) == ["last_name", "id"]


def test_person__everything() -> None:
    found = ada(
        *("id", "name", "first_name", "last_name", "profile_pic"), *("locale", "timezone", "gender")
    )

    assert found["id"] == PSID
    assert found["first_name"] == "Ada"
    assert found["name"] == f"Ada {found['last_name']}"
    assert str(found["profile_pic"]).startswith("https://")
    assert isinstance(found["timezone"], int | float)


def test_person__without_fields_gives_what_needs_no_permission() -> None:
    assert list(ada()) == ["id", "name", "first_name", "last_name", "profile_pic"]


def test_person__is_the_same_whatever_is_asked() -> None:
    assert ada("locale") == {"locale": ada("gender", "locale")["locale"]}


def test_person__depends_on_the_seed() -> None:
    assert len({str(ada("last_name", "locale", seed=seed)) for seed in range(20)}) > 1


def test_person__field_that_people_do_not_have() -> None:
    found = person_profile(Chance(0), psid=PSID, nickname="ada", fields=("id", "shoe_size"))

    assert found == Refusal(
        100,
        "(#100) Tried accessing nonexisting field (shoe_size) on node type (MessengerPageScopedID)",
    )


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ((), {"id": "7", "name": "Fake Page"}),
        (("name",), {"name": "Fake Page"}),
        (("id", "category"), {"id": "7"}),
        (
            ("instagram_business_account",),
            {"instagram_business_account": {"id": Credentials().instagram_id}},
        ),
    ],
)
def test_page(fields: tuple[str, ...], expected: dict[str, object]) -> None:
    assert account_profile("messenger", Credentials(page_id="7"), fields=fields) == expected

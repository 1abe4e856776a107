"""Who the page knows, and who wrote what."""

from emulator.chance import Chance
from emulator.meta.contacts import Contacts


def whatsapp(seed: int = 0) -> Contacts:
    return Contacts(Chance(seed), page_id="1", platform="whatsapp")


def test_psid__is_stable() -> None:
    contacts = Contacts(Chance(0), page_id="1")

    assert contacts.psid("ada") == contacts.psid("ada")
    assert contacts.psid("ada") != contacts.psid("bob")


def test_last_act__only_of_who_has_written() -> None:
    contacts = Contacts(Chance(0), page_id="1")
    ada = contacts.psid("ada")
    assert contacts.last_act(ada) is None

    contacts.wrote("u0", ada, at=1.0)
    contacts.wrote("u1", ada, at=2.5)

    assert contacts.last_act(ada) == 2.5
    assert contacts.last_act("1") is None


def test_nickname__only_of_who_has_written() -> None:
    contacts = Contacts(Chance(0), page_id="1")
    ada = contacts.psid("ada")
    assert contacts.nickname(ada) is None

    contacts.wrote("u0", ada, at=0.0)

    assert contacts.nickname(ada) == "ada"
    assert contacts.nickname("1") is None


def test_authored__keeps_the_order_of_the_roots() -> None:
    contacts = Contacts(Chance(0), page_id="1")
    for root, nickname in (("u0", "ada"), ("u1", "bob"), ("u2", "ada")):
        contacts.wrote(root, contacts.psid(nickname), at=0.0)

    assert contacts.authored(("u2", "u1", "u0", "u9"), contacts.psid("ada")) == ("u2", "u0")


def test_known__on_whatsapp_by_number_in_any_spelling_and_by_user_id() -> None:
    contacts = whatsapp()
    ada = contacts.psid("ada")
    spelled = f"+{ada[0]} ({ada[1:4]}) {ada[4:7]}-{ada[7:]}"

    assert contacts.known(ada) == ada
    assert contacts.known(spelled) == ada
    assert contacts.known(contacts.alias(ada)) == ada
    assert contacts.known("15550000000") is None


def test_known__elsewhere_by_the_id_alone() -> None:
    contacts = Contacts(Chance(0), page_id="1")
    ada = contacts.psid("ada")

    assert contacts.known(ada) == ada == contacts.alias(ada)
    assert contacts.known(f"+{ada}") is None


def test_known__by_whatever_else_the_platform_has_told() -> None:
    contacts = Contacts(Chance(0), page_id="1")
    ada = contacts.psid("ada")

    contacts.also_known_as("a-token", ada)

    assert contacts.known("a-token") == ada


def test_psid__of_thousands_on_whatsapp_are_as_many_numbers() -> None:
    contacts = whatsapp()

    numbers = {contacts.psid(f"user{number}") for number in range(10_000)}

    assert len(numbers) == 10_000
    assert all(len(number) == 11 and number.startswith("1555") for number in numbers)


def test_caused__lets_nobody_write_but_has_an_author() -> None:
    contacts = Contacts(Chance(0), page_id="1")
    ada = contacts.psid("ada")

    contacts.caused("u0", ada)

    assert contacts.last_act(ada) is None
    assert contacts.authored(("u0",), ada) == ("u0",)

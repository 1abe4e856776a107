"""Who the page knows, and who wrote what."""

from emulator.chance import Chance
from emulator.meta.contacts import Contacts


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

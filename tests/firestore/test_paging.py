import pytest

from emulator.firestore.errors import InvalidArgumentError
from emulator.firestore.paging import Listing, UnservedOrderError, listing
from emulator.firestore.query import Query

NAMES = ("pageSize", "pageToken", "orderBy")


def parsed(raw: str, collection: str = "projects/p/databases/d/documents/users") -> Listing:
    return listing(collection, Query(raw, NAMES))


@pytest.mark.parametrize(
    ("raw", "size"), [("", 20), ("pageSize=0", 20), ("pageSize=7", 7), ("pageSize=1000", 300)]
)
def test_listing__size_has_a_default_and_a_limit(raw: str, size: int) -> None:
    assert parsed(raw).size == size


@pytest.mark.parametrize(
    ("order", "descending"),
    [("", False), ("__name__", False), ("__name__%20ASC", False), ("__name__+desc", True)],
)
def test_listing__orders_by_name(order: str, descending: bool) -> None:
    assert parsed("orderBy=" + order).descending is descending


def test_listing__says_which_order_it_does_not_serve() -> None:
    with pytest.raises(
        UnservedOrderError,
        match=r'^orderBy "created desc" is not served here: documents are listed by __name__ on.*$',
    ):
        parsed("orderBy=created+desc")


def test_listing__a_token_leads_on() -> None:
    token = parsed("").token("u7")
    assert parsed(f"pageToken={token}").after == "u7"


@pytest.mark.parametrize("token", ["junk", "!!", "", "%C3%A9", "K3g="])
def test_listing__refuses_a_token_that_it_never_gave(token: str) -> None:
    if token == "":
        token = parsed("", "projects/p/databases/d/documents/others").token("u7")
    with pytest.raises(
        InvalidArgumentError,
        match=r"^Invalid page token: it belongs to another list, or to none\.$",
    ):
        parsed(f"pageToken={token}")


def test_listing__refuses_a_token_of_the_other_order() -> None:
    token = parsed("").token("u7")
    with pytest.raises(InvalidArgumentError, match=r"^Invalid page token: "):
        parsed(f"pageToken={token}&orderBy=__name__%20desc")


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ("pageSize=-1", r"^pageSize must not be negative: -1$"),
        ("pageSize=many", r"^Invalid value at 'pageSize' \(TYPE_INT32\), \"many\"$"),
    ],
)
def test_listing__refuses_a_size(raw: str, message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        parsed(raw)

import pytest

from emulator.firestore.errors import InvalidArgumentError, UnimplementedError
from emulator.firestore.query import Query
from emulator.firestore.writes import Precondition

CONDITIONS = ("currentDocument.exists", "currentDocument.updateTime")


def test_query__reads_repeated_paths() -> None:
    query = Query("mask.fieldPaths=a&mask.field_paths=%60b.c%60.d", ("mask.fieldPaths",))
    assert query.paths("mask.fieldPaths") == (("a",), ("b.c", "d"))


def test_query__tells_no_mask_from_a_mask() -> None:
    assert Query("", ("mask.fieldPaths",)).paths("mask.fieldPaths") is None


@pytest.mark.parametrize(
    ("raw", "condition"),
    [
        ("", Precondition()),
        ("currentDocument.exists=false", Precondition(exists=False)),
        ("currentDocument.exists=true", Precondition(exists=True)),
        (
            "currentDocument.updateTime=1970-01-01T00:00:00.000005Z",
            Precondition(updated_us=5),
        ),
    ],
)
def test_query__reads_preconditions(raw: str, condition: Precondition) -> None:
    assert Query(raw, CONDITIONS).precondition() == condition


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (
            "currentDocument.exists=False",
            r"^Invalid value at 'current_document\.exists' \(TYPE_BOOL\), \"False\"$",
        ),
        (
            "currentDocument.exists=true&currentDocument.updateTime=1970-01-01T00:00:00Z",
            r"^Invalid value at 'current_document' \(oneof\), oneof field 'condition_type' is al.*",
        ),
        (
            "currentDocument.updateTime=1970-01-01T00:00:00.0000005Z",
            r'^Timestamp "1970-01-01T00:00:00\.0000005Z" must be microsecond aligned\.$',
        ),
    ],
)
def test_query__refuses_preconditions(raw: str, message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        Query(raw, CONDITIONS).precondition()


@pytest.mark.parametrize("raw", ["key=x", "$prettyPrint=false", "$alt=json;enum-encoding=int"])
def test_query__lets_system_parameters_pass(raw: str) -> None:
    Query(raw)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ("readTime=2026-09-21T14:13:20Z", r"^The query parameter readTime is not served here\.$"),
        ("alt=proto", r"^The query parameter alt=proto is not served here\.$"),
        ("$fields=name", r"^The query parameter \$fields is not served here\.$"),
    ],
)
def test_query__says_what_it_does_not_serve(raw: str, message: str) -> None:
    with pytest.raises(UnimplementedError, match=message):
        Query(raw)


def test_query__refuses_unknown_names() -> None:
    with pytest.raises(
        InvalidArgumentError,
        match=r'^Invalid JSON payload received\. Unknown name "limit": Cannot bind query parameter'
        r"\. Field 'limit' could not be found in request message\.$",
    ):
        Query("limit=5")


def test_query__refuses_what_is_not_utf_8() -> None:
    with pytest.raises(InvalidArgumentError, match=r"^Query parameters are not UTF-8\.$"):
        Query("key=%FF")

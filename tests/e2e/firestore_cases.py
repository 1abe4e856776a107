"""What every client of Firestore has to see, step by step: a command, what it is given, and what
comes of it. The commands are those of the clients' scripts; `{"$now": true}` is any time.
"""

from dataclasses import dataclass
from typing import Any

Step = tuple[str, Any, Any]


@dataclass(frozen=True, slots=True)
class Fails:
    """A command fails with this code, or with these words where it is no error of the store."""

    code: str


@dataclass(frozen=True, slots=True)
class Case:
    """Played on an empty store. `not_for` are clients that can not, with the reason."""

    name: str
    steps: tuple[Step, ...]
    not_for: tuple[tuple[str, str], ...] = ()


def case(name: str, *steps: Step, **not_for: str) -> Case:
    return Case(name, steps, tuple(not_for.items()))


NOW = {"$time": "any"}
VALUES = {
    "null": None,
    "yes": True,
    "whole": -(2**40),
    "part": 1.5,
    "none": {"$nan": True},
    "time": {"$time": 1_500_000_000_123},
    "text": "§ \U0001f600",
    "bytes": {"$bytes": "AAH/"},
    "reference": {"$ref": "a/b/c/d"},
    "place": {"$geo": [-45.5, 120.25]},
    "list": [1, "two", [], {"three": 3}][:2],
    "map": {"inner": {"x": 1}, "odd name": []},
}
NUMBERS = ["batch", [["set", f"n/{at}", {"at": at, "odd": at % 2 == 1}] for at in range(8)]]


def found(*numbers: int) -> list[Any]:
    return [[f"n/{at}", {"at": at, "odd": at % 2 == 1}] for at in numbers]


def ids(prefix: str, *names: str) -> list[Any]:
    return [[f"{prefix}/{name}", {}] for name in names]


MIXED = [
    *[
        ["set", f"m/{name}", {"v": value}]
        for name, value in enumerate([None, 1, 2.5, "1", [1], [2]])
    ],
    ["set", "m/none", {}],
    ["set", "m/nan", {"v": {"$nan": True}}],
]


def mixed(*names: Any) -> list[Any]:
    values: dict[Any, Any] = dict(enumerate([None, 1, 2.5, "1", [1], [2]]))
    values["nan"] = {"$nan": True}
    return [[f"m/{name}", {"v": values[name]}] for name in names]


CASES: list[Case] = [
    # -- documents
    case(
        "values of all types are kept",
        ("do", ["set", "a/b", VALUES], None),
        ("get", "a/b", VALUES),
    ),
    case("missing documents are missing", ("get", "a/b", None)),
    case(
        "set replaces",
        ("do", ["set", "a/b", {"x": 1, "y": 2}], None),
        ("do", ["set", "a/b", {"x": 3}], None),
        ("get", "a/b", {"x": 3}),
    ),
    case(
        "merge keeps what is not named",
        ("do", ["set", "a/b", {"x": 1, "m": {"p": 1, "q": 2}}], None),
        ("do", ["set", "a/b", {"y": 2, "m": {"q": 3}}, "merge"], None),
        ("get", "a/b", {"x": 1, "y": 2, "m": {"p": 1, "q": 3}}),
    ),
    case(
        "create takes what is not there, once",
        ("do", ["create", "a/b", {"x": 1}], None),
        ("do", ["create", "a/b", {"x": 2}], Fails("ALREADY_EXISTS")),
        ("get", "a/b", {"x": 1}),
    ),
    case(
        "update changes fields by their paths",
        ("do", ["set", "a/b", {"x": 1, "m": {"p": 1, "q": 2}}], None),
        ("do", ["update", "a/b", {"m.p": 9, "x": {"$delete": True}}], None),
        ("get", "a/b", {"m": {"p": 9, "q": 2}}),
    ),
    case("update needs a document", ("do", ["update", "a/b", {"x": 1}], Fails("NOT_FOUND"))),
    case(
        "delete ends a document, also one that is not there",
        ("do", ["set", "a/b", {"x": 1}], None),
        ("do", ["delete", "a/b"], None),
        ("do", ["delete", "a/b"], None),
        ("get", "a/b", None),
    ),
    case(
        "delete with exists needs it",
        ("do", ["delete", "a/b", {"exists": True}], Fails("NOT_FOUND")),
    ),
    case(
        "a write that names the time of the last change fails after another one",
        ("do", ["set", "a/b", {"x": 1}], None),
        ("get", "a/b", {"x": 1}),
        ("do", ["update", "a/b", {"x": 2}, {"seen": "a/b"}], None),
        ("do", ["update", "a/b", {"x": 3}, {"seen": "a/b"}], Fails("FAILED_PRECONDITION")),
        ("do", ["delete", "a/b", {"seen": "a/b"}], Fails("FAILED_PRECONDITION")),
        ("get", "a/b", {"x": 2}),
    ),
    case(
        "transforms work on what is there",
        ("do", ["set", "a/b", {"n": 1, "list": [1, 2], "text": "x"}], None),
        (
            "do",
            [
                "update",
                "a/b",
                {
                    "n": {"$inc": 5},
                    "new": {"$inc": 2},
                    "text": {"$inc": 3},
                    "list": {"$union": [2, 3]},
                    "at": {"$now": True},
                },
            ],
            None,
        ),
        ("get", "a/b", {"n": 6, "new": 2, "text": 3, "list": [1, 2, 3], "at": NOW}),
        ("do", ["update", "a/b", {"list": {"$without": [1, 3]}}], None),
        ("get", "a/b", {"n": 6, "new": 2, "text": 3, "list": [2], "at": NOW}),
    ),
    case(
        "several documents are read at once",
        ("batch", [["set", "a/1", {"x": 1}], ["set", "a/2", {"x": 2}]], 2),
        ("all", ["a/2", "a/none", "a/1"], [["a/2", {"x": 2}], ["a/none", None], ["a/1", {"x": 1}]]),
    ),
    # -- several writes
    case(
        "a batch is all or nothing",
        ("do", ["set", "a/taken", {}], None),
        ("batch", [["set", "a/1", {}], ["create", "a/taken", {}]], Fails("ALREADY_EXISTS")),
        ("get", "a/1", None),
    ),
    case(
        "bulk writes succeed or fail one by one",
        ("do", ["set", "a/taken", {}], None),
        (
            "bulk",
            [["create", "a/1", {"x": 1}], ["create", "a/taken", {}], ["update", "a/no", {"x": 1}]],
            ["OK", "ALREADY_EXISTS", "NOT_FOUND"],
        ),
        ("get", "a/1", {"x": 1}),
    ),
    # -- queries
    case(
        "queries compare",
        (*NUMBERS, 8),  # type: ignore[arg-type]
        ("find", {"collection": "n", "where": [["at", "==", 3]]}, found(3)),
        ("find", {"collection": "n", "where": [["at", "<", 2]]}, found(0, 1)),
        ("find", {"collection": "n", "where": [["at", "<=", 1]]}, found(0, 1)),
        ("find", {"collection": "n", "where": [["at", ">", 5]]}, found(6, 7)),
        ("find", {"collection": "n", "where": [["at", ">=", 6], ["odd", "==", True]]}, found(7)),
        (
            "find",
            {"collection": "n", "where": [["at", "!=", 3], ["at", "<", 5]]},
            found(0, 1, 2, 4),
        ),
        ("find", {"collection": "n", "where": [["at", "in", [7, 1, 9]]]}, found(1, 7)),
        ("find", {"collection": "n", "where": [["at", "not-in", [0, 1, 2, 3, 4, 5]]]}, found(6, 7)),
        ("find", {"collection": "none"}, []),
    ),
    case(
        "queries join conditions",
        (*NUMBERS, 8),  # type: ignore[arg-type]
        (
            "find",
            {"collection": "n", "where": [{"or": [["at", "==", 2], ["at", "==", 5]]}]},
            found(2, 5),
        ),
        (
            "find",
            {
                "collection": "n",
                "where": [
                    {"or": [{"and": [["odd", "==", True], ["at", "in", [1, 2]]]}, ["at", "==", 6]]}
                ],
            },
            found(1, 6),
        ),
    ),
    case(
        "queries mind the types of values",
        ("batch", MIXED, 8),
        ("find", {"collection": "m", "where": [["v", "==", None]]}, mixed(0)),
        ("find", {"collection": "m", "where": [["v", "==", {"$nan": True}]]}, mixed("nan")),
        ("find", {"collection": "m", "where": [["v", "!=", None]]}, mixed("nan", 1, 2, 3, 4, 5)),
        ("find", {"collection": "m", "where": [["v", ">", 0]]}, mixed(1, 2)),
        ("find", {"collection": "m", "where": [["v", ">=", ""]]}, mixed(3)),
        ("find", {"collection": "m", "where": [["v", "array-contains", 1]]}, mixed(4)),
        (
            "find",
            {"collection": "m", "where": [["v", "array-contains-any", [1, 2]]]},
            mixed(4, 5),
        ),
        (
            "find",
            {"collection": "m", "order": [["v", "asc"]]},
            mixed(0, "nan", 1, 2, 3, 4, 5),
        ),
    ),
    case(
        "queries order and show a part",
        (*NUMBERS, 8),  # type: ignore[arg-type]
        ("find", {"collection": "n", "order": [["at", "desc"]], "limit": 3}, found(7, 6, 5)),
        ("find", {"collection": "n", "order": [["at", "asc"]], "offset": 6}, found(6, 7)),
        ("find", {"collection": "n", "order": [["at", "asc"]], "last": 2}, found(6, 7)),
        (
            "find",
            {"collection": "n", "order": [["odd", "desc"], ["at", "desc"]], "limit": 5},
            found(7, 5, 3, 1, 6),
        ),
        (
            "find",
            {"collection": "n", "order": [["at", "asc"]], "select": ["at"], "limit": 1},
            [["n/0", {"at": 0}]],
        ),
    ),
    case(
        "cursors cut at a value",
        (*NUMBERS, 8),  # type: ignore[arg-type]
        ("find", {"collection": "n", "order": [["at", "asc"]], "start": [6]}, found(6, 7)),
        ("find", {"collection": "n", "order": [["at", "asc"]], "after": [6]}, found(7)),
        ("find", {"collection": "n", "order": [["at", "asc"]], "end": [1]}, found(0, 1)),
        ("find", {"collection": "n", "order": [["at", "asc"]], "before": [1]}, found(0)),
        (
            "find",
            {"collection": "n", "order": [["at", "desc"]], "after": [5], "end": [3]},
            found(4, 3),
        ),
        (
            "find",
            {
                "collection": "n",
                "order": [["odd", "asc"], ["at", "asc"]],
                "start": [False, 6],
                "before": [True, 3],
            },
            found(6, 1),
        ),
    ),
    case(
        "groups of collections are searched as one",
        ("batch", [["set", path, {}] for path in ("g/1", "x/y/g/2", "x/y/z/w/g/3", "g/1/h/4")], 4),
        (
            "find",
            {"group": "g"},
            [["g/1", {}], ["x/y/g/2", {}], ["x/y/z/w/g/3", {}]],
        ),
    ),
    case(
        "aggregations count, sum and average",
        (*NUMBERS, 8),  # type: ignore[arg-type]
        (
            "aggregate",
            {
                "query": {"collection": "n", "where": [["at", "<", 4]]},
                "sum": ["at"],
                "average": ["at"],
            },
            {"count": 4, "sum at": 6, "average at": 1.5},
        ),
        ("aggregate", {"query": {"collection": "none"}, "sum": ["at"]}, {"count": 0, "sum at": 0}),
    ),
    case(
        "the average of nothing is null",
        (
            "aggregate",
            {"query": {"collection": "none"}, "average": ["at"]},
            {"count": 0, "average at": None},
        ),
        **dict.fromkeys(("sync", "async"), "the client for Python shows null as 0.0"),
    ),
    # -- where things are
    case(
        "documents are listed, also those that only have collections",
        ("batch", [["set", "l/b", {}], ["set", "l/a", {}], ["set", "l/absent/c/d", {}]], 3),
        ("documents", "l", ["l/a", "l/absent", "l/b"]),
    ),
    case(
        "collections are listed",
        ("batch", [["set", "y/1", {}], ["set", "x/1", {}], ["set", "x/1/inner/2", {}]], 3),
        ("collections", None, ["x", "y"]),
        ("collections", "x/1", ["inner"]),
        ("collections", "y/1", []),
    ),
    # -- transactions
    case(
        "a transaction reads, finds and writes",
        ("do", ["set", "t/a", {"n": 1}], None),
        (
            "transaction",
            {
                "reads": ["t/a", "t/b"],
                "finds": [{"collection": "t", "where": [["n", "==", 1]]}],
                "writes": [["update", "t/a", {"n": 2}], ["create", "t/b", {}]],
            },
            {"read": [{"n": 1}, None], "found": [1], "tried": 1},
        ),
        ("get", "t/a", {"n": 2}),
        ("get", "t/b", {}),
    ),
    case(
        "a transaction that only finds",
        ("do", ["set", "t/a", {"n": 1}], None),
        (
            "transaction",
            {"finds": [{"collection": "t"}], "writes": [["set", "t/c", {}]]},
            {"read": [], "found": [1], "tried": 1},
        ),
        ("get", "t/c", {}),
    ),
    case(
        "a transaction that only writes",
        (
            "transaction",
            {"writes": [["set", "t/a", {"n": 1}]]},
            {"read": [], "found": [], "tried": 1},
        ),
        ("get", "t/a", {"n": 1}),
    ),
    case(
        "a transaction that is given up leaves nothing",
        ("do", ["set", "t/a", {"n": 1}], None),
        (
            "transaction",
            {"reads": ["t/a"], "writes": [["set", "t/a", {"n": 2}]], "fails": True},
            Fails("given up"),
        ),
        ("do", ["set", "t/a", {"n": 3}], None),
        ("get", "t/a", {"n": 3}),
    ),
    case(
        "a transaction whose condition fails is refused",
        ("do", ["set", "t/a", {}], None),
        (
            "transaction",
            {"reads": ["t/b"], "writes": [["create", "t/a", {}]]},
            Fails("ALREADY_EXISTS"),
        ),
        ("do", ["set", "t/b", {}], None),
        rest="it takes the HTTP status 409 for ABORTED, and tries again in about a minute",
    ),
    case(
        "claims are granted once",
        ("claim", "t/c", "mine"),
        ("claim", "t/c", "taken"),
        ("claim_by_query", {"collection": "q", "id": "x"}, "mine"),
        ("claim_by_query", {"collection": "q", "id": "x"}, "taken"),
    ),
    # -- listeners
    case(
        "a document is listened to",
        ("do", ["set", "d/a", {"n": 1}], None),
        (
            "listen",
            {
                "document": "d/a",
                "writes": [["set", "d/a", {"n": 2}], ["delete", "d/a"], ["set", "d/a", {"n": 3}]],
            },
            [{"n": 1}, {"n": 2}, None, {"n": 3}],
        ),
        **{"async": "AsyncClient has no listeners"},
    ),
    case(
        "a query is listened to",
        (*NUMBERS, 8),  # type: ignore[arg-type]
        (
            "listen",
            {
                "query": {"collection": "n", "where": [["at", "<", 2]]},
                "writes": [
                    ["set", "n/new", {"at": -1}],
                    ["update", "n/0", {"odd": True}],
                    ["update", "n/1", {"at": 50}],
                    ["delete", "n/new"],
                ],
            },
            [
                [["added", "0"], ["added", "1"]],
                [["added", "new"]],
                [["modified", "0"]],
                [["removed", "1"]],
                [["removed", "new"]],
            ],
        ),
        **{"async": "AsyncClient has no listeners"},
    ),
]

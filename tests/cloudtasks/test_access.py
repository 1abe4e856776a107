"""What a request touches, for the search through orders."""

import json

from emulator.call import Access
from emulator.cloudtasks import ORIGIN, QUEUE
from emulator.cloudtasks.access import access_of
from emulator.exchange import Request
from tests.cloudtasks.support import http

TASKS = f"{QUEUE}/tasks"


def access(method: str, path: str, body: object = None, number: int = 1) -> Access:
    content = b"" if body is None else json.dumps(body).encode()
    return access_of(Request(method, f"{ORIGIN}/v2/{path}", (), content), number)


def test_create__with_a_name_touches_the_name() -> None:
    asked = {"task": {"name": f"{TASKS}/one", "httpRequest": http()}}
    expected = Access("publish", writes=frozenset({f"cloudtasks:{TASKS}/one"}))
    assert access("POST", TASKS, asked, 1) == access("POST", TASKS, asked, 2) == expected


def test_create__without_a_name_touches_nothing_that_others_do() -> None:
    asked = {"task": {"httpRequest": http()}}
    assert access("POST", TASKS, asked, 1).writes.isdisjoint(access("POST", TASKS, asked, 2).writes)


def test_batch__touches_each() -> None:
    asked = {"requests": [{"task": {"name": f"{TASKS}/{name}"}} for name in "ab"]}
    found = access("POST", f"{TASKS}:batchCreate", asked)
    assert found.verb == "publish"
    assert found.writes == {f"cloudtasks:{TASKS}/a", f"cloudtasks:{TASKS}/b"}


def test_get_and_delete__meet_at_the_name() -> None:
    key = frozenset({f"cloudtasks:{TASKS}/one"})
    assert access("GET", f"{TASKS}/one") == Access("read", reads=key)
    assert access("DELETE", f"{TASKS}/one") == Access("deleteTask", writes=key)


def test_nonsense__touches_nothing() -> None:
    assert access("GET", "nothing") == Access("unknown")
    broken = access_of(Request("POST", f"{ORIGIN}/v2/{TASKS}", (), b"{"), 1)
    assert broken == Access("invalid")

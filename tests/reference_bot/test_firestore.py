"""What goes to the store and how its answers are told apart."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import httpx
import pytest

from reference_bot.firestore import ABSENT, ConflictError, Firestore, StoreError, Write
from tests.reference_bot.outside import Outside


def store(client: httpx.AsyncClient) -> Firestore:
    return Firestore(client, url="https://store.example/v1/", project="demo", token=lambda: "t")


def answering(response: httpx.Response) -> Firestore:
    return store(httpx.AsyncClient(transport=httpx.MockTransport(lambda _: response)))


def test_values_come_back_as_they_were_written() -> None:
    fields = {"s": "ä", "i": 3, "f": 1_800_000_000.25, "a": [1.0, 2.5], "e": []}
    documents = store(Outside().client())

    async def there_and_back() -> None:
        (written,) = await documents.commit(Write(path="c/d", fields=fields))
        missing, found = await documents.read("c/none", "c/d")
        assert missing is None
        assert found is not None
        assert found.fields == fields
        assert found.version == written.version

    asyncio.run(there_and_back())


def test_a_moment_is_written_as_a_timestamp() -> None:
    outside = Outside()
    moment = datetime(2027, 1, 15, 8, 0, 0, 250_000, UTC)
    asyncio.run(store(outside.client()).commit(Write(path="c/d", fields={"at": moment})))
    assert outside.fields("c/d") == {"at": "2027-01-15T08:00:00.250000Z"}


def test_increments_tell_what_they_gave() -> None:
    outside = Outside()
    outside.put("c/d", n=5, s="x")
    documents = store(outside.client())
    write = Write(path="c/d", fields={}, merge=True, increments={"n": 2, "new": 1, "m.`1-a`": 3})

    async def twice() -> None:
        await documents.commit(write)
        (written,) = await documents.commit(write)
        assert written.values == [9, 2, 6]
        (found,) = await documents.read("c/d")
        assert found is not None
        assert found.fields == {"n": 9, "s": "x", "new": 2, "m": {"1-a": 6}}

    asyncio.run(twice())


def test_a_merge_drops_the_fields_it_is_told_to() -> None:
    outside = Outside()
    outside.put("c/d", a="1", b="2", c="3")
    write = Write(path="c/d", fields={"a": "9"}, merge=True, drop=("b",))
    asyncio.run(store(outside.client()).commit(write))
    assert outside.fields("c/d") == {"a": "9", "c": "3"}


def test_a_collection_is_listed_by_its_ids() -> None:
    outside = Outside()
    for path in ("c/3", "c/1", "d/0", "c/2"):
        outside.put(path, x=path)
    found = asyncio.run(store(outside.client()).list_collection("c", 2))
    assert {path: document.fields for path, document in found.items()} == {
        "c/1": {"x": "c/1"},
        "c/2": {"x": "c/2"},
    }


def test_an_empty_collection_has_nothing() -> None:
    assert asyncio.run(store(Outside().client()).list_collection("c", 2)) == {}


def test_the_token_is_asked_for_at_each_call() -> None:
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["authorization"])
        return httpx.Response(200, json={"writeResults": []})

    tokens = iter(["t1", "t2"])
    client = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    documents = Firestore(client, url="https://x", project="p", token=lambda: next(tokens))

    async def twice() -> None:
        await documents.commit()
        await documents.commit()

    asyncio.run(twice())
    assert seen == ["Bearer t1", "Bearer t2"]


def test_a_write_without_fields_deletes() -> None:
    outside = Outside()
    outside.put("c/d", x="y")
    asyncio.run(store(outside.client()).commit(Write(path="c/d", fields=None)))
    assert outside.documents == {}


def test_an_unknown_type_is_refused() -> None:
    documents = store(Outside().client())
    with pytest.raises(TypeError, match=r"^no Firestore value is known for a dict$"):
        asyncio.run(documents.commit(Write(path="c/d", fields={"x": {}})))


@pytest.mark.parametrize(
    ("code", "status"), [(409, "ALREADY_EXISTS"), (409, "ABORTED"), (400, "FAILED_PRECONDITION")]
)
def test_conflicts_are_told_by_their_status(code: int, status: str) -> None:
    documents = answering(httpx.Response(code, json={"error": {"status": status}}))
    with pytest.raises(ConflictError, match=rf"^the store refused commit: {code} {status}$"):
        asyncio.run(documents.commit(Write(path="c/d", fields={}, condition=ABSENT)))


@pytest.mark.parametrize(
    ("response", "message"),
    [
        (
            httpx.Response(429, json={"error": {"status": "RESOURCE_EXHAUSTED"}}),
            "the store refused commit: 429 RESOURCE_EXHAUSTED",
        ),
        (httpx.Response(502, text="<html>"), "the store refused commit: 502 UNKNOWN"),
        (httpx.Response(200, text="<html>"), "the store's answer to commit is no JSON"),
        (httpx.Response(200, json=[]), "the store's answer to commit makes no sense: "),
    ],
)
def test_other_failures_are_no_conflicts(response: httpx.Response, message: str) -> None:
    with pytest.raises(StoreError) as caught:
        asyncio.run(answering(response).commit(Write(path="c/d", fields={})))
    assert not isinstance(caught.value, ConflictError)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("answer", [{}, [{"found": {}}], [5], "x"])
def test_a_read_that_makes_no_sense_is_a_failure(answer: object) -> None:
    with pytest.raises(StoreError, match=r"^the store's answer to batchGet makes no sense: "):
        asyncio.run(answering(httpx.Response(200, json=answer)).read("c/d"))


@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ReadTimeout])
def test_no_answer_is_a_failure(error: Callable[[str], httpx.HTTPError]) -> None:
    outside = Outside(fault=lambda _: error("no"))
    with pytest.raises(StoreError, match=r"^the store did not answer batchGet: "):
        asyncio.run(store(outside.client()).read("c/d"))


def test_a_silent_store_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reference_bot.firestore.CALL_LIMIT_S", 0.01)

    async def silent(request: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError(request)

    documents = store(httpx.AsyncClient(transport=httpx.MockTransport(silent)))
    with pytest.raises(StoreError, match=r"^the store did not answer batchGet: TimeoutError\(\)$"):
        asyncio.run(documents.read("c/d"))

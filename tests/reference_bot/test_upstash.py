"""What goes to Upstash Redis and how its answers are told apart; a database of the emulator
answers.
"""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime

import httpx
import pytest

from emulator.clock import VIRTUAL_EPOCH
from emulator.exchange import Request
from emulator.kernel import Kernel
from emulator.redis import Keyspace
from emulator.upstash import ORIGIN, TOKEN
from emulator.upstash import Upstash as Database
from reference_bot.firestore import ABSENT, ConflictError, StoreError, Write, unchanged_since
from reference_bot.settings import Settings, SettingsError
from reference_bot.upstash import Upstash
from tests.reference_bot.outside import SETTINGS


class Outside:
    """The database behind a client."""

    def __init__(self) -> None:
        self.kernel = Kernel()
        self.database = Database(self.kernel, Keyspace(self.kernel))
        self.requests: list[httpx.Request] = []
        client = httpx.AsyncClient(transport=httpx.MockTransport(self._answer))
        self.store = Upstash(client, url=ORIGIN + "/", token=TOKEN, listed=("held",))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        headers = tuple(request.headers.items())
        url = ORIGIN + request.url.raw_path.decode()
        reply = self.database.handle(Request(request.method, url, headers, request.content))
        return httpx.Response(reply.status, headers=list(reply.headers), content=reply.body)


def answering(respond: Callable[[httpx.Request], httpx.Response]) -> Upstash:
    client = httpx.AsyncClient(transport=httpx.MockTransport(respond))
    return Upstash(client, url=ORIGIN, token=TOKEN)


def test_values_come_back_as_they_were_written() -> None:
    fields = {"s": "ä", "i": 3, "f": 1_800_000_000.25, "a": [1.0, 2.5], "e": []}
    store = Outside().store

    async def there_and_back() -> None:
        (written,) = await store.commit(Write(path="c/d", fields=fields))
        missing, found = await store.read("c/none", "c/d")
        assert missing is None
        assert found is not None
        assert found.fields == fields
        assert found.version == written.version

    asyncio.run(there_and_back())


def test_increments_tell_what_they_gave() -> None:
    store = Outside().store
    write = Write(path="c/d", fields={}, merge=True, increments={"n": 2, "m.`1-a`": 3})

    async def twice() -> None:
        await store.commit(Write(path="c/d", fields={"n": 5, "s": "x"}))
        await store.commit(write)
        (written,) = await store.commit(write)
        assert written.values == [9, 6]
        (found,) = await store.read("c/d")
        assert found is not None
        assert found.fields == {"n": 9, "s": "x", "m": {"1-a": 6}}

    asyncio.run(twice())


def test_merging_leaves_other_fields_alone_and_replacing_does_not() -> None:
    store = Outside().store

    async def change() -> list[object]:
        seen: list[object] = []
        await store.commit(Write(path="c/d", fields={"a": 1, "b": 2, "c": 3}))
        for write in (
            Write(path="c/d", fields={"a": 7}, merge=True, drop=("b",)),
            Write(path="c/d", fields={"z": 1}),
            Write(path="c/d", fields=None),
        ):
            await store.commit(write)
            (found,) = await store.read("c/d")
            seen.append(None if found is None else found.fields)
        return seen

    assert asyncio.run(change()) == [{"a": 7, "c": 3}, {"z": 1}, None]


def test_a_condition_that_does_not_hold_refuses_all_of_a_commit() -> None:
    store = Outside().store

    async def race() -> None:
        claim = Write(path="c/d", fields={"n": 1}, condition=ABSENT)
        (first,) = await store.commit(claim)
        other = Write(path="c/e", fields={"n": 1})
        with pytest.raises(ConflictError, match=r"^the store refused commit: 400 CONFLICT$"):
            await store.commit(other, claim)
        assert await store.read("c/e") == [None]
        fresh = Write(path="c/d", fields={"n": 2}, condition=unchanged_since(first.version))
        await store.commit(fresh)
        with pytest.raises(ConflictError):
            await store.commit(fresh)

    asyncio.run(race())


def test_a_document_that_was_written_anew_is_another_one() -> None:
    store = Outside().store

    async def again() -> None:
        (first,) = await store.commit(Write(path="c/d", fields={"n": 1}))
        await store.commit(Write(path="c/d", fields=None))
        await store.commit(Write(path="c/d", fields={"n": 1}))
        stale = Write(path="c/d", fields={"n": 2}, condition=unchanged_since(first.version))
        with pytest.raises(ConflictError):
            await store.commit(stale)

    asyncio.run(again())


def test_a_collection_is_listed_in_the_order_of_its_names() -> None:
    store = Outside().store

    async def listed() -> list[list[str]]:
        for name in ("b", "c", "a"):
            await store.commit(Write(path=f"held/{name}", fields={"n": 1}))
        first = list(await store.list_collection("held", 2))
        await store.commit(Write(path="held/a", fields=None))
        return [first, list(await store.list_collection("held", 9))]

    assert asyncio.run(listed()) == [["held/a", "held/b"], ["held/b", "held/c"]]


def test_a_document_goes_when_it_expires() -> None:
    outside = Outside()
    moment = datetime.fromtimestamp(VIRTUAL_EPOCH + 60, UTC)
    asyncio.run(outside.store.commit(Write(path="c/d", fields={"n": 1, "expires_at": moment})))
    outside.kernel.clock.move_to(59.0)
    assert asyncio.run(outside.store.read("c/d")) != [None]
    outside.kernel.clock.move_to(61.0)
    assert asyncio.run(outside.store.read("c/d")) == [None]


def test_what_the_database_told_is_told_it() -> None:
    outside = Outside()
    outside.database.lag_behind(1)

    async def write_and_read() -> None:
        await outside.store.commit(Write(path="c/d", fields={"n": 1}))
        (found,) = await outside.store.read("c/d")
        assert found is not None

    asyncio.run(write_and_read())
    tokens = [request.headers["upstash-sync-token"] for request in outside.requests]
    assert tokens[0] == ""
    assert tokens[1] != ""


@pytest.mark.parametrize(
    ("response", "said"),
    [
        (
            httpx.Response(400, json={"error": "ERR max"}),
            "the store refused read: 400 ERR",
        ),
        (httpx.Response(503, text="no"), "the store's answer to read is no JSON"),
        (httpx.Response(200, json={"result": 1}), "the store's answer to read makes no sense"),
        (httpx.Response(401, json={"error": "WRONGPASS x"}), "the store refused read: 401 WRONG"),
    ],
)
def test_trouble_is_told(response: httpx.Response, said: str) -> None:
    with pytest.raises(StoreError) as raised:
        asyncio.run(answering(lambda request: response).read("c/d"))
    assert str(raised.value).startswith(said)


def test_a_connection_that_fails_is_trouble() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with pytest.raises(StoreError, match=r"^the store did not answer commit: ConnectError"):
        asyncio.run(answering(refuse).commit(Write(path="c/d", fields={})))


def test_each_commit_is_one_command() -> None:
    outside = Outside()
    writes = [Write(path=f"c/{number}", fields={"n": number}) for number in range(4)]
    asyncio.run(outside.store.commit(*writes))
    (request,) = outside.requests
    assert json.loads(request.content)[0] == "EVAL"
    assert outside.database.meter.used == 1


def test_settings_want_the_token_of_the_store_that_is_named() -> None:
    given = {"firestore_project": "", "firestore_token": "", "upstash_url": ORIGIN}
    settings = Settings(
        **{
            name: getattr(SETTINGS, name)
            for name in (
                "app_secret", "verify_token", "page_token", "qstash_token", "current_signing_key",
                "next_signing_key", "public_url",
            )
        },
        **given,
    )  # fmt: skip
    with pytest.raises(SettingsError, match=r"^set UPSTASH_REDIS_REST_TOKEN in the bot's env"):
        settings.check()

"""Every call of the vendor's Python SDK, synchronous and asynchronous, in this process."""

import asyncio
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import respx
from qstash import AsyncQStash
from qstash import QStash as Client
from qstash.errors import DailyMessageLimitExceededError, RateLimitExceededError

from emulator.exchange import Request
from emulator.qstash import Plan
from tests.qstash.sdk_tour import STOPS, Tour
from tests.qstash.support import CONSUMER, Bench, Breaking

CLIENTS = {"sync": Client, "async": AsyncQStash}


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


@pytest.fixture
def router() -> Iterator[respx.Router]:
    with respx.mock(using="httpx") as router:
        yield router


def serve(bench: Bench, router: respx.Router) -> None:
    """Have the world's queue answer what httpx sends to the vendor's address."""

    def answer(request: httpx.Request) -> httpx.Response:
        url = f"{request.url.scheme}://{request.url.host}{request.url.raw_path.decode()}"
        headers = tuple((name.decode(), value.decode()) for name, value in request.headers.raw)
        reply = bench.qstash.handle(Request(request.method, url, headers, request.content))
        return httpx.Response(reply.status, headers=list(reply.headers), content=reply.body)

    router.route(host="qstash.upstash.io").mock(side_effect=answer)


@pytest.mark.parametrize("stop", STOPS, ids=lambda stop: stop.__name__)
@pytest.mark.parametrize("kind", CLIENTS)
def test_tour(
    stop: Callable[[Tour], None],
    kind: str,
    router: respx.Router,
    loop: asyncio.AbstractEventLoop,
) -> None:
    bench = Bench()
    bench.consumer = bench.kernel.origins["https://bot.example"] = Breaking(bench.kernel)
    serve(bench, router)

    def do(result: Any) -> Any:
        return loop.run_until_complete(result) if inspect.isawaitable(result) else result

    client = CLIENTS[kind](bench.qstash.token, retry=False)
    stop(Tour(client, do, bench.run, bench))


def test_daily_limit__is_told_from_a_burst(router: respx.Router) -> None:
    bench = Bench(plan=Plan(max_messages_per_day=0, max_requests_per_second=0))
    serve(bench, router)
    client = Client(bench.qstash.token, retry=False)

    with pytest.raises(
        DailyMessageLimitExceededError,
        match=r"^Exceeded daily message limit: Limit: 0, remaining: 0, reset: 1790035200$",
    ):
        client.message.publish(url=CONSUMER)
    with pytest.raises(
        RateLimitExceededError,
        match=r"^Exceeded burst rate limit: Limit: 0, remaining: 0, reset: 1790000001$",
    ):
        client.queue.list()

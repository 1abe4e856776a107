"""What is changed in httpx while bots run makes it quicker, and nothing else."""

from collections.abc import Iterator
from typing import Any

import httpx
import httpx._urls
import pytest

from emulator.exchange import Failure, Outcome, Request
from emulator.serverless.outbound import Outbound


def refused(request: Request, timeout_s: float | None) -> Outcome:
    return Failure("refused")


async def refused_async(request: Request, timeout_s: float | None) -> Outcome:
    return Failure("refused")


@pytest.fixture
def patched() -> Iterator[None]:
    outbound = Outbound(refused, refused_async, lambda host: None)
    outbound.start()
    try:
        yield
    finally:
        outbound.stop()


@pytest.mark.usefixtures("patched")
def test_cookie__is_kept_and_sent_back() -> None:
    sent: list[str | None] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request.headers.get("cookie"))
        return httpx.Response(200, headers={"Set-Cookie": "a=1"} if len(sent) == 1 else {})

    with httpx.Client(transport=httpx.MockTransport(answer)) as client:
        for _ in range(3):
            client.get("https://api.example.com/")
    assert sent == [None, "a=1", "a=1"]


@pytest.mark.usefixtures("patched")
def test_address__that_is_wrong_is_refused_each_time() -> None:
    for _ in range(2):
        with pytest.raises(httpx.InvalidURL, match=r"^Invalid port: '99999x'$"):
            httpx.URL("https://api.example.com:99999x/")


@pytest.mark.usefixtures("patched")
def test_address__of_one_text_is_changed_without_the_other() -> None:
    one, other = (httpx.URL("https://api.example.com/v1?a=1") for _ in range(2))
    assert str(one.copy_with(path="/v2")) == "https://api.example.com/v2?a=1"
    assert str(other) == "https://api.example.com/v1?a=1"


def test_httpx__is_as_it_was_afterwards() -> None:
    urls: Any = httpx._urls

    def parts() -> tuple[Any, ...]:
        return urls.urlparse, httpx.Cookies.extract_cookies

    before = parts()
    outbound = Outbound(refused, refused_async, lambda host: None)
    outbound.start()
    outbound.stop()
    assert parts() == before

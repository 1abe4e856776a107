"""The HTTP client that the bot's parts share: what they need of one, and how one is made."""

from collections.abc import Mapping
from typing import Protocol

import httpx


class HttpClient(Protocol):
    """The one method of `httpx.AsyncClient` that the bot uses."""

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str], content: bytes
    ) -> httpx.Response:
        """Send a request and read the whole response. Raises httpx.HTTPError when there is none."""


def new_client() -> httpx.AsyncClient:
    """A client whose own time limits lie above those that the parts set for each purpose."""
    return httpx.AsyncClient(timeout=httpx.Timeout(10.0, connect=3.0))

"""When a bot's parts are made and its client is closed. What they are is not known here."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Generic, TypeVar

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response

from reference_bot.client import HttpClient, new_client
from reference_bot.settings import Settings

BotT = TypeVar("BotT")
Handler = Callable[[Request], Awaitable[Response]]
Maker = Callable[[Settings, HttpClient, HttpClient | None], BotT]


class Parts(Generic[BotT]):
    """The parts of one application, made once, at its start or for its first request.

    Not at import: a build step imports the module without an environment, and a client belongs to
    the event loop that it is first used in. `make` is given the settings, the client, and the
    client for the queue if there is to be a special one.
    """

    def __init__(
        self, make: Maker[BotT], settings: Settings | None, http: HttpClient | None
    ) -> None:
        self._make = make
        self._settings = settings
        self._given = http
        self._own: httpx.AsyncClient | None = None
        self._bot: BotT | None = None

    def get(self) -> BotT:
        """The bot. Raises SettingsError when a setting is missing."""
        if self._bot is None:
            settings = (self._settings or Settings.from_environment()).check()
            client = self._given
            if client is None:
                client = self._own = new_client()
            self._bot = self._make(settings, client, self._given)
        return self._bot

    def handler(self, choose: Callable[[BotT], Handler]) -> Handler:
        """An endpoint that is the chosen method of the bot."""

        async def endpoint(request: Request) -> Response:
            return await choose(self.get())(request)

        return endpoint

    @asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncIterator[None]:
        """Refuses to start with settings missing; closes what was opened. Hosts that skip it lose
        nothing else.
        """
        self.get()
        try:
            yield
        finally:
            self._bot = None
            if self._own is not None:
                await self._own.aclose()
                self._own = None

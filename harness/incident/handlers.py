"""What the bot of the incident does, as the reports quote it, and what they want instead.

The same handlers answer plain calls of a model and the requests of a signed HTTP application.
"""

from collections.abc import Awaitable
from typing import Protocol

from harness.incident.model import Model

WEBHOOK_PATH = "/api/messenger"
CALLBACK_PATH = "/api/internal/delayed-response"
PROCESS_PATH = "/api/process-message"


class Store(Protocol):
    """Where the bot keeps its marker. Each call takes effect at one instant, a latency after it was
    made.
    """

    def read(self, key: str) -> Awaitable[bool]:
        """Whether a document exists."""

    def write(self, key: str) -> Awaitable[None]:
        """Write a document."""

    def create(self, key: str) -> Awaitable[bool]:
        """Write a document unless it exists; whether it was written."""

    def clear(self, key: str) -> Awaitable[None]:
        """Delete a document."""

    def finish(self) -> Awaitable[bool]:
        """Write down that a callback is done; False when the store is too slow for it."""


class Services(Store, Protocol):
    """All that the bot calls."""

    def publish(self, path: str, sender: str, mid: str, delay_s: float) -> Awaitable[None]:
        """Have the queue call a route of the bot."""

    def trigger(self, sender: str) -> Awaitable[None]:
        """Post a trigger to the bot's own webhook."""


class Handlers(Protocol):
    """A bot without its HTTP surface."""

    async def message(self, sender: str, mid: str) -> None:
        """The platform tells of a user message."""

    async def trigger(self, sender: str) -> None:
        """The bot's own trigger comes in at the webhook."""

    async def callback(self, sender: str) -> bool:
        """The queue calls; False has it try again."""


class Quoted:
    """The bot of the first incident: a burst marker, a callback, a trigger that counts as a
    message.
    """

    def __init__(self, services: Services, model: Model) -> None:
        self._services = services
        self._model = model

    async def message(self, sender: str, mid: str) -> None:
        await self._count(sender)

    async def trigger(self, sender: str) -> None:
        if self._model.clears:
            await self._services.clear(sender)
        # From here on the flag of the trigger is forgotten: it counts as a message.
        await self._count(sender)

    async def callback(self, sender: str) -> bool:
        await self._services.trigger(sender)
        return await self._services.finish()

    async def _count(self, sender: str) -> None:
        if await self._begins(sender):
            await self._services.publish(CALLBACK_PATH, sender, "", self._model.delay_s)

    async def _begins(self, sender: str) -> bool:
        if self._model.marker == "atomic":
            return await self._services.create(sender)
        if await self._services.read(sender):
            return False
        await self._services.write(sender)
        return True


class Safe:
    """The design that the report asks for: one claim for each mid, one publish, no webhook of its
    own.
    """

    def __init__(self, services: Services) -> None:
        self._services = services

    async def message(self, sender: str, mid: str) -> None:
        if await self._services.create(mid):
            await self._services.publish(PROCESS_PATH, sender, mid, 0.0)

    async def trigger(self, sender: str) -> None:
        """Nothing: there are no triggers."""

    async def callback(self, sender: str) -> bool:
        return await self._services.finish()


def handlers_of(model: Model, services: Services) -> Handlers:
    """The bot that a model is about."""
    return Safe(services) if model.marker == "safe" else Quoted(services, model)

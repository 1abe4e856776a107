"""Webhooks as the platform of a world writes them, for scenarios that send their own."""

from emulator import World
from emulator.exchange import Request
from emulator.meta.delivery.wire import encode, webhook_request


def request_with(world: World, body: bytes) -> Request:
    """The rightly signed request with this body."""
    meta = world.meta
    return webhook_request(meta.callback_url, body, app_secret=meta.credentials.app_secret)


def new_mid(world: World, name: str) -> str:
    """The id of a message, in the form of the platform; unlike for every name."""
    meta = world.meta
    return meta.dialect.message_id(meta.credentials)(world.kernel.chance, name)


def as_written(text: str) -> bytes:
    """A text as it stands between its quotes in a body: the platform escapes slashes."""
    return encode(text)[1:-1]

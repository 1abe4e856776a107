"""Operations on what is served: is it there, how is it set up, begin anew."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, get_args
from urllib.parse import urlsplit

from emulator.control.operation import (
    Answer,
    Asked,
    Operation,
    Refused,
    array_of,
    flag,
    number,
    object_of,
    text,
    whole,
)
from emulator.control.pace import ended
from emulator.control.people import MOST_COPIES, SPACINGS
from emulator.control.timing import LONGEST_WAIT_S
from emulator.errors import ScenarioError
from emulator.meta import Field, PlatformName
from emulator.meta.platform import check_fields
from emulator.net.client import Place
from emulator.serverless.attached import LOCAL, place_of

if TYPE_CHECKING:
    from emulator.serving import Serving

# Real seconds between two looks at whether the bot is there.
LOOK_EVERY_S = 0.05
# A change of these takes a world of its own.
_LASTING = ("public_url", "bot_url", "webhook", "platform")

_SETTINGS = {
    "public_url": text("The bot's own address, as it tells it to the queue.", maxLength=2_000),
    "bot_url": text("Where the bot really runs: http, on this machine.", maxLength=2_000),
    "webhook": text("The path of its webhook.", maxLength=2_000),
    "copies": whole("How often the platform sends each webhook.", minimum=1, maximum=MOST_COPIES),
    "spacing": text("How the copies follow each other.", enum=SPACINGS),
    "platform": text("Where the users of the bot are.", enum=list(get_args(PlatformName))),
    "fields": array_of(
        {"type": "string"},
        "What the app is subscribed to there; by default whatever people do.",
        maxItems=100,
    ),
}
_CONFIG = object_of(
    {
        **_SETTINGS,
        "ports": object_of(
            {
                name: whole(f"The port of the {what}.")
                for name, what in (
                    ("queue", "queue"),
                    ("platform", "platform"),
                    ("store", "store"),
                    ("bot", "bot's public address"),
                    ("control", "control API"),
                )
            }
        ),
        "world": whole("How often the world was replaced since the start."),
        "abandoned": array_of(
            {"type": "string"}, "Requests that the bot had not answered when it was replaced."
        ),
    },
    text="How the bot is reached.",
)


async def _health(serving: "Serving", asked: Asked) -> Answer:
    return Answer({"status": "ok", "world": serving.worlds})


async def _ready(serving: "Serving", asked: Asked) -> Answer:
    url = serving.settings.bot_url
    within_s = asked.query["within_s"]
    if not await ended(_connected(place_of(url)), within_s):
        raise Refused(
            503,
            f"nothing takes connections at {url} after {within_s:g} s: start the bot there, or "
            "give its address with PATCH /v1/config",
        )
    return Answer({"ready": True})


async def _connected(place: Place) -> None:
    host, port = place
    loop = asyncio.get_running_loop()
    while True:
        with suppress(OSError):
            _, writer = await asyncio.open_connection(host, port)
            writer.close()
            return
        pause: asyncio.Future[None] = loop.create_future()
        await asyncio.wait((pause,), timeout=LOOK_EVERY_S)


async def _get_config(serving: "Serving", asked: Asked) -> Answer:
    return _config(serving, ())


async def _set_config(serving: "Serving", asked: Asked) -> Answer:
    given = dict(asked.body)
    for name in ("public_url", "bot_url"):
        if name in given:
            given[name] = _origin(name, given[name], local=name == "bot_url")
    path = given.get("webhook", "/")
    if not path.startswith("/") or path.startswith("//") or any(one in path for one in "?# \r\n"):
        raise Refused(422, f"webhook has to be a path that begins with /, not {path!r}")
    platform = given.get("platform", serving.settings.platform)
    if "fields" in given:
        given["fields"] = _fields(given["fields"], platform)
    elif platform != serving.settings.platform:
        given["fields"] = None
    settings = replace(serving.settings, **given)
    moved = any(getattr(settings, name) != getattr(serving.settings, name) for name in _LASTING)
    if moved:
        # What is under way was addressed and signed for the address, or the platform, before.
        return _config(serving, await serving.reset(settings=settings))
    serving.configure(settings)
    return _config(serving, ())


def _origin(name: str, url: str, *, local: bool) -> str:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    schemes = ("http",) if local else ("http", "https")
    bare = host is not None and parts.path in ("", "/") and not (parts.query or parts.fragment)
    if not bare or parts.scheme not in schemes or parts.username is not None or not url.isascii():
        shape = "http://127.0.0.1:3000" if local else "https://my-bot.example.com"
        raise Refused(422, f"{name} has to be an address like {shape}, not {url[:200]!r}")
    if local and host not in LOCAL:
        raise Refused(
            422,
            f"bot_url has to be on this machine, and {host!r} is not: for a bot elsewhere start "
            "thrice serve with --url",
        )
    return url.rstrip("/")


def _fields(given: Sequence[Any], platform: PlatformName) -> tuple[Field, ...]:
    try:
        return tuple(sorted(check_fields(given, platform)))
    except ScenarioError as error:
        raise Refused(422, f"fields: {error}") from None


def _config(serving: "Serving", abandoned: tuple[str, ...]) -> Answer:
    return Answer(
        {
            **asdict(serving.settings),
            "fields": sorted(serving.served.meta.fields),
            "ports": serving.ports,
            "world": serving.worlds,
            "abandoned": list(abandoned),
        }
    )


async def _reset(serving: "Serving", asked: Asked) -> Answer:
    return _config(serving, await serving.reset(within_s=asked.body["within_s"]))


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/health",
        id="getHealth",
        summary="Whether this is served.",
        answer=object_of(
            {
                "status": text("ok", enum=["ok"]),
                "world": whole("How often the world was replaced since the start."),
            }
        ),
        handler=_health,
    ),
    Operation(
        method="GET",
        path="/v1/ready",
        id="awaitBot",
        summary="Wait until the bot takes connections.",
        query={
            "within_s": number(
                "Real seconds that it may take.",
                exclusiveMinimum=0,
                maximum=LONGEST_WAIT_S,
                default=10.0,
            )
        },
        answer=object_of({"ready": flag("Always true.")}),
        handler=_ready,
        refusals={503: "It does not."},
    ),
    Operation(
        method="GET",
        path="/v1/config",
        id="getConfig",
        summary="How the bot is reached, and where everything is served.",
        answer=_CONFIG,
        handler=_get_config,
    ),
    Operation(
        method="PATCH",
        path="/v1/config",
        id="setConfig",
        summary="Reach the bot in another way from now on.",
        description="Another address or webhook makes the world a new one, as a reset does.",
        body=object_of(_SETTINGS, required=()),
        answer=_CONFIG,
        handler=_set_config,
    ),
    Operation(
        method="POST",
        path="/v1/reset",
        id="reset",
        summary="Begin anew: an empty world at the same ports.",
        description=(
            "Messages, queue, store, journal, faults and skipped time are gone; ids are other "
            "ones, so that a bot that remembers the old ones takes nothing for a duplicate. Calls "
            "of the bot that wait for an answer are hung up on, and what it was sent before is "
            "waited for."
        ),
        body=object_of(
            {
                "within_s": number(
                    "Real seconds that the bot has to answer what it was sent; then that is "
                    "abandoned.",
                    minimum=0,
                    maximum=60,
                    default=5.0,
                )
            },
            required=(),
        ),
        answer=_CONFIG,
        handler=_reset,
    ),
)

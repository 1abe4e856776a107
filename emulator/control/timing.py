"""Operations on time: the clock, skipping, and waiting until there is nothing to wait for."""

from typing import TYPE_CHECKING

from emulator.control.operation import (
    Answer,
    Asked,
    Operation,
    flag,
    number,
    object_of,
    ref,
    text,
)
from emulator.control.pace import ended
from emulator.control.schema import Schema
from emulator.control.shapes import SCHEMAS, clock_of

if TYPE_CHECKING:
    from emulator.serving import Serving

LONGEST_WAIT_S = 600.0
DAY_S = 86_400.0
LONGEST_ADVANCE_S = 3_660 * DAY_S
# Long enough for what a handler left behind its response, on a machine that has other work, too.
STILL_S = 0.1


def _within(default: float, what: str) -> Schema:
    return number(
        f"Real seconds after which it is answered anyway, with {what} false.",
        exclusiveMinimum=0,
        maximum=LONGEST_WAIT_S,
        default=default,
    )


def _with_clock(properties: dict[str, Schema], about: str) -> Schema:
    clock = SCHEMAS["Clock"]["properties"]
    return object_of({**properties, **clock}, text=about)


async def _clock(serving: "Serving", asked: Asked) -> Answer:
    serving.served.running.keep_time()
    return Answer(clock_of(serving.served))


async def _advance(serving: "Serving", asked: Asked) -> Answer:
    served, body = serving.served, asked.body
    before = served.running.skipped_s
    work = served.pace.advance(body["seconds"], wait_for_bot=body["wait_for_bot"])
    reached = await ended(work, body["within_s"])
    skipped_s = served.running.skipped_s - before
    return Answer({"reached": reached, "skipped_s": skipped_s, **clock_of(served)})


async def _skip(serving: "Serving", asked: Asked) -> Answer:
    served = serving.served
    before = served.running.skipped_s
    done: list[str | None] = []

    async def skip() -> None:
        done.append(await served.pace.skip())

    reached = await ended(skip(), asked.body["within_s"])
    return Answer(
        {
            "reached": reached,
            "done": done[0] if done else None,
            "skipped_s": served.running.skipped_s - before,
            **clock_of(served),
        }
    )


async def _wait(serving: "Serving", asked: Asked) -> Answer:
    served, body = serving.served, asked.body
    before = served.running.skipped_s
    work = served.pace.rest(
        still_s=body["still_s"],
        idle=body["until"] == "idle",
        skip_s=body["skip_at_most_s"] if body["skip"] else 0.0,
    )
    reached = await ended(work, body["within_s"])
    return Answer(
        {
            "reached": reached,
            "quiet": served.pace.quiet,
            "skipped_s": served.running.skipped_s - before,
            **clock_of(served),
        }
    )


_SKIPPED = number("How many seconds were skipped.")

OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/wait",
        id="wait",
        summary="Wait until nothing is under way and nothing is left to come.",
        description=(
            "A long poll. A retry in twelve seconds is something to come: wait for it, have the "
            "time until then skipped, or wait `until` idle only. Skipped time passes for the "
            "world, not for the bot's own clock."
        ),
        body=object_of(
            {
                "within_s": _within(30.0, "`reached`"),
                "until": text(
                    "`quiet`: nothing is left to come. `idle`: nothing is under way now.",
                    enum=["quiet", "idle"],
                    default="quiet",
                ),
                "skip": flag("Skip the time in which nothing happens.", default=False),
                "skip_at_most_s": number(
                    "Skip no further than this from now.",
                    minimum=0,
                    maximum=LONGEST_ADVANCE_S,
                    default=DAY_S,
                ),
                "still_s": number(
                    "Real seconds without anything new, for work that the bot left behind a "
                    "response.",
                    minimum=0,
                    maximum=60,
                    default=STILL_S,
                ),
            },
            required=(),
        ),
        answer=_with_clock(
            {
                "reached": flag("Whether it came to that, in time."),
                "quiet": flag("Whether nothing is under way and nothing is left to come."),
                "skipped_s": _SKIPPED,
            },
            "The time of the world when the wait was over.",
        ),
        handler=_wait,
        refusals={409: "The world was reset in the meantime."},
    ),
    Operation(
        method="GET",
        path="/v1/clock",
        id="getClock",
        summary="The world's clock, and what is due next.",
        answer=ref("Clock"),
        handler=_clock,
    ),
    Operation(
        method="POST",
        path="/v1/clock/advance",
        id="advance",
        summary="Have time pass at once, with everything that is due in it.",
        description=(
            "Things are done in their order, each at its own time; whatever is sent to the bot is "
            "answered before time goes on. The bot's own clock stays the wall's, and so do tokens, "
            "which it holds against that."
        ),
        body=object_of(
            {
                "seconds": number("How much.", minimum=0, maximum=LONGEST_ADVANCE_S),
                "wait_for_bot": flag(
                    "Let the bot answer before time goes on. Without it, whatever it has not "
                    "answered may time out.",
                    default=True,
                ),
                "within_s": _within(60.0, "`reached`"),
            },
            required=("seconds",),
        ),
        answer=_with_clock(
            {
                "reached": flag("Whether all of that time has passed; if not, the bot took long."),
                "skipped_s": _SKIPPED,
            },
            "The time of the world afterwards.",
        ),
        handler=_advance,
        refusals={409: "The world was reset in the meantime."},
    ),
    Operation(
        method="POST",
        path="/v1/clock/skip-to-next",
        id="skipToNext",
        summary="Skip to what is due next, and have it done.",
        body=object_of({"within_s": _within(60.0, "`reached`")}, required=()),
        answer=_with_clock(
            {
                "reached": flag("Whether it was done and the bot has answered, in time."),
                "done": {
                    "type": ["string", "null"],
                    "description": "The name of what was due; null when nothing was to come.",
                },
                "skipped_s": _SKIPPED,
            },
            "The time of the world afterwards.",
        ),
        handler=_skip,
        refusals={409: "The world was reset in the meantime."},
    ),
)

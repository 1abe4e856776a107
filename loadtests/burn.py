"""What the burn of `thrice incident` costs: per request beside a plain application call in the same
run, early and late, and in memory.

`python loadtests/burn.py 300` replays all of it. CPU time, because machines are shared; a ratio of
the last to the first deliveries of at most 1.2 is what flat means here.

Last figures, on two cores that others kept busy (load 19): 69,000 deliveries per CPU second for the
model alone, 9,600 signed requests (8.4 plain calls each), last to first 0.99, 182 MB in all.
"""

import argparse
import gc
import resource
import sys
from collections.abc import Callable
from itertools import pairwise
from time import perf_counter, process_time

from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from emulator.exchange import Request
from harness.incident import BURN, MESSAGES, Tally, burn, simulate
from harness.incident.signed import Exchange, scope_of

ROUNDS = 3
FLAT = 1.2
# About 4,000 deliveries, the first and the last of which are compared.
EDGE = 3  # blocks


def best(measured: Callable[[], float]) -> float:
    """The least of some rounds: what else the machine does can only add."""
    return min(measured() for _ in range(ROUNDS))


def plain_call_s(calls: int = 5_000) -> float:
    """CPU seconds of one call of a Starlette application that reads the body and answers."""

    async def receive(request: HttpRequest) -> Response:
        await request.body()
        return PlainTextResponse("done")

    app = Starlette(routes=[Route("/webhook", receive, methods=["POST"])])
    request = Request("POST", "https://bot.example.com/webhook", (), b"{}")

    async def put() -> None:
        exchange = Exchange(request.body)
        await app(scope_of(request), exchange.receive, exchange.send)

    started = process_time()
    for _ in range(calls):
        waiting = put()
        try:
            waiting.send(None)
        except StopIteration:
            continue
    return (process_time() - started) / calls


def model_s(messages: int = 10) -> float:
    """CPU seconds of one delivery by the queue without HTTP."""
    started = process_time()
    tally = simulate(BURN, messages=messages)
    return (process_time() - started) / tally.deliveries


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("messages", type=int, nargs="?", default=30)
    messages = options.parse_args().messages
    gc.collect()
    plain, model = best(plain_call_s), best(model_s)
    print(f"plain application call      {1 / plain:10,.0f} per CPU second")
    print(f"delivery, model only        {1 / model:10,.0f} per CPU second")

    times: list[tuple[Tally, float]] = [(Tally(), process_time())]
    tally = burn(
        BURN,
        messages=messages,
        progress=lambda total: times.append((total, process_time())),
    )
    whole = times[-1][1] - times[0][1]
    each = whole / tally.invocations
    print(f"signed request to the bot   {1 / each:10,.0f} per CPU second")
    print(f"  as plain calls            {each / plain:10.1f}")
    blocks = [
        (late - early) / (after.deliveries - before.deliveries)
        for (before, early), (after, late) in pairwise(times)
    ]
    late = min(blocks[-EDGE:]) / min(blocks[:EDGE])
    print(f"last deliveries to first    {late:10.2f}   of {tally.deliveries:,}, at most {FLAT}")

    started = perf_counter()
    burn(BURN, messages=messages, jobs=2)
    wall = perf_counter() - started
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print(f"two processes               {wall:10.1f} s of wall time")
    print(f"memory                      {(kilobytes + 2 * children) / 1024:10.0f} MB in all three")
    scale = MESSAGES / messages
    print(f"all {MESSAGES} messages, from this: {whole * scale:,.0f} CPU seconds signed, ", end="")
    print(f"{model * tally.deliveries * scale:,.0f} model only")
    return 0 if late <= FLAT else 1


if __name__ == "__main__":
    sys.exit(main())

"""The freeze in figures: what stopping and continuing costs, and gated invocations a second at 1, 4
and 16 instances, beside the same gateway that does not stop its bots.

`python loadtests/freeze.py`, on Linux with Node. On two cores shared with other work (load 2 to 3),
Node 20, Python 3.11, 2026-11-22: 0.41 ms to stop and 0.06 ms to continue; with the freeze 0.71 to
0.75 of the invocations a second of CPU time (463 to 519) that there are without. By the clock it is
0.36 with one instance, which is frozen for 3 ms at least, to 0.75 with 16.
"""

import os
import shutil
import statistics
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from emulator import HostProfile, World
from emulator.serverless.bot_process import BotProcess
from emulator.serverless.live import Live
from emulator.serverless.platforms import HostKind
from emulator.serverless.pool import ProcessPool
from harness.profile import load_profile, render_env
from harness.stage import SERVICES, variables

ROOT = Path(__file__).parents[1]
PROFILE = load_profile(ROOT / "reference_bot" / "thrice.toml")
NODE = f"node {ROOT / 'tests' / 'bots' / 'freeze' / 'bot.js'}"
INSTANCES = (1, 4, 16)
MESSAGES = 150
STOPS = 500
# Both are measured in turn, so that what else the machine does meets both.
ROUNDS = 3


def gateway(instances: int) -> Live:
    """Processes of a bot that makes one awaited call for each message."""

    def environment(addresses: Mapping[str, str]) -> Mapping[str, str]:
        return render_env(PROFILE, variables(PROFILE, addresses))

    return Live(
        ProcessPool(
            NODE,
            root=ROOT,
            webhook=PROFILE.bot.webhook,
            public_url=PROFILE.bot.public_url,
            services=SERVICES,
            environment=environment,
            ahead=instances,
        )
    )


def invocations(live: Live, kind: HostKind, instances: int, seed: int) -> tuple[float, float]:
    """Invocations a second of the clock, and of the CPU time of this process."""
    with World(
        live.connect,
        seed=seed,
        host=HostProfile(kind=kind, instances=instances),
        copies=1,
        bot_clock=live.unix,
        addresses=live.addresses,
    ) as world:
        for number in range(MESSAGES):
            world.meta.message("awaited", at=number / 10.0)
        began, spent = time.perf_counter(), time.process_time()
        world.run_until_quiet()
        took, burned = time.perf_counter() - began, time.process_time() - spent
        # Each message is two requests, its webhook and what the queue delivers.
        done = world.journal.counts["response"]
    return done / took, done / burned


def compare(instances: int) -> tuple[float, float, float, float]:
    """With the freeze and without: invocations a second of the clock, and of CPU time."""
    with gateway(instances) as live:
        rounds = [
            (
                *invocations(live, "lambda", instances, seed),
                *invocations(live, "always-on", instances, seed),
            )
            # The first is for warming up.
            for seed in range(ROUNDS + 1)
        ][1:]
    with_clock, with_cpu, clock, cpu = map(statistics.median, zip(*rounds, strict=True))
    return with_clock, clock, with_cpu, cpu


def stopping() -> tuple[float, float, float, float]:
    """Microseconds to stop one idle process of Node and to continue it: median and 99th percentile
    of each.
    """
    stops, goes = [], []
    with gateway(1) as live:
        live.source.prepare()
        body = live.source.take()
        assert isinstance(body, BotProcess)
        for _ in range(STOPS):
            began = time.perf_counter()
            body.stop_running()
            stopped = time.perf_counter()
            body.go_on()
            stops.append(stopped - began)
            goes.append(time.perf_counter() - stopped)
            time.sleep(0.002)
        live.source.give_back(body)
    return (*_spread(stops), *_spread(goes))


def _spread(times: list[float]) -> tuple[float, float]:
    ordered = sorted(times)
    return statistics.median(ordered) * 1e6, ordered[len(ordered) * 99 // 100] * 1e6


def main() -> int:
    """Measure and print; returns 0, also where there is no Node to measure with."""
    if shutil.which("node") is None or not os.path.isdir("/proc/self/task"):
        print("freeze: needs Linux and Node, not measured")
        return 0
    stop, stop_99, go_on, go_on_99 = stopping()
    print(
        f"stop:     {stop:6.0f} us, 99 % below {stop_99:,.0f} us (until every thread has stopped)"
    )
    print(f"continue: {go_on:6.0f} us, 99 % below {go_on_99:,.0f} us")
    print(
        "invocations/s, one in two with an awaited call; in brackets a second of thrice's CPU time"
    )
    print("instances        frozen             not frozen       ratio")
    for instances in INSTANCES:
        with_clock, clock, with_cpu, cpu = compare(instances)
        print(
            f"{instances:9}  {with_clock:6,.0f} ({with_cpu:6,.0f})  {clock:8,.0f} ({cpu:6,.0f})  "
            f"{with_clock / clock:6.2f} ({with_cpu / cpu:.2f})"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())

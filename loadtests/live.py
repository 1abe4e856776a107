"""The live drivers in figures: invocations a second under the settle driver, webhooks a second
free-running, the time of a whole live certificate.

`python loadtests/live.py`, on Linux; bots run on one core and thrice on another. On two cores
shared with other work (load 2), Python 3.11, 2026-11-21: 1,092 and 259 invocations/s with no and
two calls each, 4,570 webhooks/s free-running (5,018 a CPU second), 9.8 s for a live certificate of
17 checks.
"""

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from emulator import HostProfile, World
from emulator.net.ports import free_port
from emulator.serverless.live import Live
from emulator.serverless.pool import ProcessPool
from emulator.serving import Serving
from harness.certify import certify
from harness.profile import load_profile, render_env
from harness.stage import SERVICES, variables

ROOT = Path(__file__).parents[1]
PROFILE = load_profile(ROOT / "reference_bot" / "thrice.toml")
PLAIN = f"{sys.executable} -I -S {ROOT / 'tests' / 'bots' / 'plain_bot.py'} {{port}}"
MESSAGES = 500
WEBHOOKS = 20_000
IN_FLIGHT = 32

# Answers every request at once; as little of a bot as there can be.
SINK = """
import asyncio, sys
class Sink(asyncio.Protocol):
    def connection_made(self, transport): self.transport = transport
    def data_received(self, data):
        self.transport.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok")
async def main():
    server = await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()
asyncio.run(main())
"""


def settle(vice: str) -> float:
    """Invocations a second, one message after the other."""

    def environment(addresses: Mapping[str, str]) -> Mapping[str, str]:
        return {**render_env(PROFILE, variables(PROFILE, addresses)), "VICE": vice}

    pool = ProcessPool(
        f"taskset -c {max(os.sched_getaffinity(0))} {PLAIN}",
        root=ROOT,
        webhook=PROFILE.bot.webhook,
        public_url=PROFILE.bot.public_url,
        services=SERVICES,
        environment=environment,
        ahead=1,
    )
    with (
        Live(pool) as live,
        World(
            live.connect,
            host=HostProfile(kind="lambda", instances=1),
            copies=1,
            bot_clock=live.unix,
            addresses=live.addresses,
        ) as world,
    ):
        for number in range(MESSAGES):
            world.meta.message("hello", at=float(number))
        started = time.perf_counter()
        world.run_until_quiet()
        return MESSAGES / (time.perf_counter() - started)


def free_running() -> tuple[float, float]:
    """Webhooks a second of the clock, and a second of thrice's own CPU time."""
    port = free_port()
    cores = sorted(os.sched_getaffinity(0))
    with subprocess.Popen(
        ["taskset", "-c", str(cores[-1]), sys.executable, "-c", SINK, str(port)]
    ) as bot:
        time.sleep(0.5)
        os.sched_setaffinity(0, {cores[0]})
        try:
            with Serving(
                ports={**dict.fromkeys(SERVICES, 0), PROFILE.bot.public_url: 0},
                public_url=PROFILE.bot.public_url,
                bot_url=f"http://127.0.0.1:{port}",
                webhook=PROFILE.bot.webhook,
                copies=1,
            ) as fakes:
                journal = fakes.kernel.journal
                said = 0
                started, cpu = time.perf_counter(), time.process_time()
                while journal.counts["response"] < WEBHOOKS:
                    while said < WEBHOOKS and said - journal.counts["response"] < IN_FLIGHT:
                        fakes.say("hello", sender=f"user{said % 100}")
                        said += 1
                    time.sleep(0.0005)
                took, burned = time.perf_counter() - started, time.process_time() - cpu
        finally:
            bot.kill()
            os.sched_setaffinity(0, cores)
    return WEBHOOKS / took, WEBHOOKS / burned


def certificate() -> float:
    """Seconds of a live certificate of the reference bot, starting its processes included."""
    command = f"{sys.executable} -m uvicorn reference_bot.app:app --port {{port}} --no-access-log"
    profile = load_profile(ROOT / "reference_bot" / "thrice.toml", command=command)
    started = time.perf_counter()
    result = certify(profile, root=ROOT)
    print(f"  {result.headline}")
    return time.perf_counter() - started


def main() -> int:
    """Measure and print; returns 0."""
    print(f"settle, no call:       {settle(''):8,.0f} invocations/s")
    print(f"settle, two calls:     {settle('asks'):8,.0f} invocations/s")
    wall, cpu = free_running()
    print(f"free-running:          {wall:8,.0f} webhooks/s, {cpu:,.0f} a CPU second")
    print(f"live certificate:      {certificate():8.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())

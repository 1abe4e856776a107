"""What the tests with real processes share: bots to run, one message to send, and a look at what is
left.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from emulator import HostProfile, World
from emulator.chance import Chance
from emulator.schedule import Fifo, Schedule
from emulator.serverless.live import Live
from emulator.serverless.pool import ProcessPool
from harness.profile import Profile, load_profile, render_env
from harness.stage import SERVICES, variables

ROOT = Path(__file__).parents[2]
BOTS = ROOT / "tests" / "bots"
PROFILE = load_profile(ROOT / "reference_bot" / "thrice.toml")
PLAIN = f"{sys.executable} -I -S {BOTS / 'plain_bot.py'} {{port}}"


def few(profile: Profile, most: int = 4) -> Profile:
    """The same on so many instances: as many processes are started, in place of ten and more, and
    most of what a live certificate costs is that.
    """
    return replace(profile, host=replace(profile.host, instances=most, max_instances=most))


def uvicorn(app: str) -> str:
    """The command that serves an app."""
    return f"{sys.executable} -m uvicorn {app} --port {{port}} --no-access-log"


def running(
    command: str = PLAIN,
    *,
    vice: str = "",
    ahead: int = 1,
    start_limit_s: float = 30.0,
    settle_limit_s: float = 10.0,
    patience_s: float = 60.0,
) -> Live:
    """Processes with the environment of the reference bot's profile, and a vice."""

    def environment(addresses: Mapping[str, str]) -> Mapping[str, str]:
        return {**render_env(PROFILE, variables(PROFILE, addresses)), "VICE": vice}

    processes = ProcessPool(
        command,
        root=ROOT,
        webhook=PROFILE.bot.webhook,
        public_url=PROFILE.bot.public_url,
        services=SERVICES,
        environment=environment,
        ahead=ahead,
        start_limit_s=start_limit_s,
    )
    return Live(processes, settle_limit_s=settle_limit_s, patience_s=patience_s)


def pool_of(live: Live) -> ProcessPool:
    """The processes behind it."""
    assert isinstance(live.source, ProcessPool)
    return live.source


@contextmanager
def world_of(
    live: Live,
    *,
    seed: int | str = 1,
    copies: int = 1,
    instances: int = 1,
    schedule: Callable[[Chance], Schedule] = Fifo,
) -> Iterator[World]:
    """A world around this bot."""
    with World(
        live.connect,
        seed=seed,
        host=HostProfile(kind="lambda", instances=instances),
        public_url=PROFILE.bot.public_url,
        webhook=PROFILE.bot.webhook,
        copies=copies,
        schedule=schedule,
        bot_clock=live.unix,
        addresses=live.addresses,
    ) as world:
        yield world


def statuses(world: World) -> list[object]:
    """What the deliveries were answered with, in order."""
    return [entry.detail["status"] for entry in world.journal.entries("response")]


def processes_with(mark: str) -> list[str]:
    """The commands of processes whose environment has this text, apart from our own."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            if mark.encode() in (entry / "environ").read_bytes():
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                if command:
                    found.append(command)
        except OSError:
            continue
    return found


def wait_until_gone(mark: str, *, within_s: float = 10.0) -> list[str]:
    """What is left of such processes after a while; empty when all are gone."""
    until = time.monotonic() + within_s
    while (left := processes_with(mark)) and time.monotonic() < until:
        time.sleep(0.02)
    return left

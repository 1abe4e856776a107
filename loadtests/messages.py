"""Many messages through the reference bot: what one costs, early and late, and what the process
holds.

`python loadtests/messages.py 10000` writes that many messages of as many users into one world, a
few seconds apart.
"""

import argparse
import os
import sys
from pathlib import Path
from time import process_time

from emulator import HostProfile, Simulation, World
from harness.profile import load_profile, render_env
from harness.stage import variables

ROOT = Path(__file__).parents[1]


def memory_mb() -> float:
    """Resident size; Linux only."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 2**20


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("count", type=int, nargs="?", default=2_000)
    count = options.parse_args().count
    profile = load_profile(ROOT / "reference_bot" / "thrice.toml")
    env = {**render_env(profile, variables(profile)), "BREAKER_PUBLISHES_PER_HOUR": "1000000"}
    print(f"{'messages':>9}  {'CPU ms each':>11}  {'MB':>8}")
    with (
        Simulation(profile.bot.app, root=ROOT, env=env) as simulation,
        World(simulation.connect, host=HostProfile(kind="lambda")) as world,
    ):
        world.kernel.record_choices = False
        block = max(count // 10, 1)
        for first in range(0, count, block):
            started = process_time()
            for number in range(first, min(first + block, count)):
                world.meta.message("hello", sender=f"user{number}", at=3.0 * number)
            world.run_until(3.0 * (first + block))
            done = min(first + block, count)
            each = (process_time() - started) / (done - first) * 1e3
            print(f"{done:9,}  {each:11.2f}  {memory_mb():8.1f}", flush=True)
        world.run_until_quiet()
        counts = world.journal.counts
        exact = counts["publish"] == counts["reply"] == count
        print(
            f"{counts['publish']:,} publishes, {counts['reply']:,} replies for {count:,} messages"
        )
    return 0 if exact else 1


if __name__ == "__main__":
    sys.exit(main())

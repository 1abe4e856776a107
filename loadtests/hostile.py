"""Hostile bodies by the thousand against the reference bot: `python loadtests/hostile.py 100000`.

The same bodies as in a certificate's `hostile-input`, in as many worlds as it takes, each with
another seed. Prints every kind of failure; the exit status is 1 when there is one.

100,350 bodies in 150 worlds: 0 failed; 269 CPU seconds, 374 in each, peak 138 MB (Python 3.11).
"""

import resource
import sys
from pathlib import Path
from time import process_time

sys.path.insert(0, str(Path(__file__).parents[1]))

from harness.checks.hostile import hostile_input
from harness.profile import load_profile
from harness.scenarios.hostile import play_hostile
from harness.stage import simulated

ROOT = Path(__file__).parents[1]
# Generated bodies of one world: worlds stay small, and the bot meets each of them anew.
WEBHOOK_BODIES = 400
CONSUMER_BODIES = 200
REPORT_EVERY = 10_000


def main() -> int:
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    app = sys.argv[2] if len(sys.argv) > 2 else "reference_bot.app:app"
    profile = load_profile(ROOT / "reference_bot" / "thrice.toml", app=app)
    started = process_time()
    bodies = failed = worlds = 0
    evidence: dict[str, int] = {}

    def report() -> None:
        cpu_s = process_time() - started
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{bodies:,} bodies in {worlds:,} worlds: {failed} failed; {cpu_s:.0f} CPU seconds, "
            f"{bodies / cpu_s:,.0f} in each, peak {peak_mb:.0f} MB",
            flush=True,
        )

    with simulated(profile, root=ROOT, seed=0) as stage:
        while bodies < wanted:
            worlds += 1
            stage.seed = worlds
            run = play_hostile(
                stage,
                "generated",
                webhook_bodies=WEBHOOK_BODIES,
                consumer_bodies=CONSUMER_BODIES,
            )
            before = bodies
            bodies += run.bodies
            verdict = hostile_input(profile, [run])
            if verdict.result == "failed":
                failed += max(len(run.fixed) + len(run.smallest), 1)
                for line in verdict.evidence:
                    evidence.setdefault(line, worlds)
            if before // REPORT_EVERY != bodies // REPORT_EVERY:
                report()
    report()
    for line, seed in evidence.items():
        print(f"  seed {seed}: {line}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

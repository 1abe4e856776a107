"""One certificate after another in one process: nothing may be left behind, neither a thread nor a
megabyte.

`python loadtests/certificates.py 1000` certifies the reference bot that often, at as many seeds,
and prints what the process holds.
"""

import argparse
import asyncio
import gc
import os
import sys
import threading
from pathlib import Path
from time import process_time

from harness.certify import certify
from harness.profile import load_profile

ROOT = Path(__file__).parents[1]


def memory_mb() -> float:
    """Resident size; Linux only."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 2**20


def held() -> str:
    gc.collect()
    tasks = sum(isinstance(item, asyncio.Task) for item in gc.get_objects())
    files = len(list(Path("/proc/self/fd").iterdir()))
    return (
        f"{threading.active_count():7}  {files:7}  {tasks:7}  "
        f"{len(gc.get_objects()):9,}  {memory_mb():8.1f}"
    )


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("count", type=int, nargs="?", default=100)
    count = options.parse_args().count
    profile = load_profile(ROOT / "reference_bot" / "thrice.toml")
    print(f"{'done':>7}  {'threads':>7}  {'files':>7}  {'tasks':>7}  {'objects':>9}  {'MB':>8}")
    started = process_time()
    for number in range(1, count + 1):
        certificate = certify(profile, root=ROOT, seed=number)
        if not certificate.certified:
            print(f"seed {number}: {certificate.headline}")
            return 1
        if number in (1, 5, 10) or number % max(count // 10, 1) == 0:
            print(f"{number:7}  {held()}", flush=True)
    print(f"{(process_time() - started) / count:.2f} CPU seconds for one certificate")
    return 0


if __name__ == "__main__":
    sys.exit(main())

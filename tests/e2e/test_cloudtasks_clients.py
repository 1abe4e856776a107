"""Google's own clients for Python and Node, unmodified, at the address that is written into them:
one suite of cases, played by each.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from emulator.cloudtasks import ORIGIN, QUEUE
from emulator.exchange import Reply
from emulator.google_account import EMAIL, key_file
from emulator.net import Arrival, Network, wall
from emulator.net.authority import Authority
from emulator.net.proxy import Proxy
from emulator.serverless.led import leading_to
from emulator.stubs import GoogleCerts
from tests._needs import needs_packages
from tests.cloudtasks.support import LOCATION, URL, Bench, http
from tests.e2e.support import ROOT

FOLDER = ROOT / "tests" / "e2e" / "node_cloudtasks"
# Far beyond what anything here takes, also where other work keeps the cores busy.
PATIENCE_S = 120.0

NO_QUEUE = [
    5,
    "Queue does not exist. If you just created the queue, wait at least a minute for the queue to "
    "initialize.",
]
EXPECTED = {
    "made": [f"{QUEUE}/tasks/one", URL, "POST"],
    "made body": 0,
    "scheduled": 600,
    "deadline": 600,
    "again": [6, "Requested entity already exists"],
    "unnamed": True,
    "no queue": NO_QUEUE,
    "too far": [3, "The task's schedule_time must be no more than 720h in the future."],
    "full": "hello",
    "listed": 2,
    "deleted": [
        5,
        "The task no longer exists, though a task with this name existed recently. The task either "
        "successfully completed or was deleted.",
    ],
    "too recently": [6],
    "paused": "PAUSED",
    "waits": 0,
    "runs": 1,
    "resumed": "RUNNING",
    "queue": 1_000,
    "updated": 7,
    "queues": [f"{LOCATION}/queues/other", QUEUE],
    "batch": [f"{LOCATION}/queues/other/tasks/a", f"{LOCATION}/queues/other/tasks/b"],
    "purged": True,
    "no more": NO_QUEUE,
    "token": ["https://accounts.google.com", URL, EMAIL],
}


def told_by(command: Sequence[str], folder: Path) -> tuple[dict[str, Any], list[str]]:
    """What a client makes of all cases, and the hosts that nobody here is."""
    bench = Bench(Reply(200), epoch=wall.unix())
    bench.made(httpRequest=http(oidcToken={"serviceAccountEmail": EMAIL}))
    bench.run()
    token = (bench.header("Authorization") or "").removeprefix("Bearer ")
    certs = GoogleCerts(bench.kernel, bench.tasks.keys)
    strangers: list[str] = []

    def arrived(arrival: Arrival) -> None:
        for service in (bench.tasks, certs):
            if service.claims(arrival.request):
                arrival.answer(service.handle(arrival.request))
                return
        strangers.append(arrival.request.origin)
        arrival.answer(Reply(404))

    network, authority = Network(), Authority()
    (folder / "authority.pem").write_text(authority.pem)
    (folder / "account.json").write_text(key_file())
    proxy = Proxy(network, authority, on_arrival=arrived)
    try:
        ended = subprocess.run(
            command,
            cwd=ROOT,
            env={
                **os.environ,
                **leading_to(proxy.port, str(folder / "authority.pem")),
                "GOOGLE_APPLICATION_CREDENTIALS": str(folder / "account.json"),
                "QUEUE": QUEUE,
                "NOW": str(int(bench.kernel.clock.epoch)),
                "TOKEN": token,
            },
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
    finally:
        proxy.close()
        network.close()
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout.splitlines()[-1])
    assert isinstance(told, dict)
    return told, strangers


def test_python__finds_what_the_service_promises(tmp_path: Path) -> None:
    told, strangers = told_by([sys.executable, "tests/e2e/tasks_cases.py"], tmp_path)
    assert told == EXPECTED
    assert ORIGIN not in strangers


@needs_packages(FOLDER)
def test_node__finds_the_same(tmp_path: Path) -> None:
    told, strangers = told_by(["node", str(FOLDER / "cases.mjs")], tmp_path)
    # Its release has no calls for batches.
    assert told == {case: found for case, found in EXPECTED.items() if case != "batch"}
    assert ORIGIN not in strangers

"""The vendor's own clients for Python and Node, unmodified, over sockets: one suite of cases,
played by each, and by the client for Python against another stand-in.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.config import Config
from moto import mock_aws

from emulator.clock import VIRTUAL_EPOCH
from emulator.kernel import Kernel
from emulator.net import Arrival, Listener, Network
from emulator.sqs import ORIGIN, Sqs
from tests._needs import needs_packages
from tests.e2e.sqs_cases import play
from tests.e2e.support import ROOT

FOLDER = ROOT / "tests" / "e2e" / "node_sqs"
# Far beyond what anything here takes, also where other work keeps the cores busy.
PATIENCE_S = 120.0
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "AKIDTHRICE",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
}
OLDER = "AWS.SimpleQueueService."
EXPECTED: dict[str, Any] = {
    "url": True,
    "no queue": [OLDER + "NonExistentQueue"],
    # Checksums of the body and of the attributes.
    "sent": ["33fcd01258e6ba07ef405dc9e721f3a7", "c3a29cc2ddc91d16ec1113ed02388a91"],
    "same": True,
    "raw": [0, 1],
    "system": [
        "ApproximateFirstReceiveTimestamp",
        "ApproximateReceiveCount",
        "SenderId",
        "SentTimestamp",
    ],
    "count": "2",
    "hidden": [],
    "counts": ["0", "1", "1"],
    "deleted": ["0", "0", "1"],
    "no handle": ["ReceiptHandleIsInvalid"],
    "too late": ["InvalidParameterValue"],
    "bad": ["InvalidMessageContents"],
    "too many": ["InvalidParameterValue"],
    "purged": ["0", "0", "0"],
    "batch": ["e0", "e1", "e2"],
    "empty": [OLDER + "EmptyBatchRequest"],
    "eleven": [OLDER + "TooManyEntriesInBatchRequest"],
    "twice": [OLDER + "BatchEntryIdsNotDistinct"],
    "gone": ["h0", "h1", "h2"],
    "not gone": ["none"],
    "seen": [["poison"], ["poison"], []],
    "dead": ["poison"],
    "sources": True,
    "same id": True,
    "same place": True,
    "first": ["a1"],
    "others": ["b1"],
    "after": "a2",
    "remembered": [],
    "no group": ["MissingParameter"],
    "no dedup": ["InvalidParameterValue"],
}
# Where the other stand-in is known to differ, and what it tells there.
MOTO: dict[str, Any] = {
    "bad": [],
    "same id": False,
    "same place": False,
    "remembered": ["a1"],
}


@pytest.fixture
def address() -> Iterator[str]:
    """Where a world's SQS listens, whose clock stands still. The client for Node goes to the host
    of a queue's address, so that is this one.
    """
    sqs, network = Sqs(Kernel(epoch=VIRTUAL_EPOCH)), Network()

    def arrived(arrival: Arrival) -> None:
        request = replace(arrival.request, url=listener.address + arrival.request.target)
        arrival.answer(sqs.handle(request))

    listener = Listener(network, origin=ORIGIN, on_arrival=arrived)
    try:
        yield listener.address
    finally:
        listener.close()
        network.close()


def client() -> Any:
    return boto3.client("sqs", config=Config(retries={"max_attempts": 0}))


def test_python__finds_what_the_service_promises(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (*CREDENTIALS.items(), ("AWS_ENDPOINT_URL_SQS", address)):
        monkeypatch.setenv(name, value)
    assert play(client()) == EXPECTED


@needs_packages(FOLDER)
def test_node__finds_the_same(address: str) -> None:
    ended = subprocess.run(
        ["node", str(FOLDER / "cases.mjs")],
        env={**os.environ, **CREDENTIALS, "AWS_ENDPOINT_URL_SQS": address},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout.splitlines()[-1]) == EXPECTED


def test_moto__differs_where_it_is_known_to(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        told = play(client())
    differs = {case: found for case, found in told.items() if found != EXPECTED[case]}
    assert differs == MOTO

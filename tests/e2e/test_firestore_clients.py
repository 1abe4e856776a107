"""Google's own clients, as they are: each sees the same, and what the service would show it. With
FIRESTORE_ORACLE=host:port the cases are also played against what listens there.
"""

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator.call import Call
from emulator.faults import FailAfter, Fault
from emulator.firestore import Concurrency, Quota
from tests.e2e.firestore_cases import CASES, Case, Fails
from tests.e2e.firestore_races import all_at_once, one_by_one
from tests.e2e.firestore_support import (
    CLIENTS,
    OVER_GRPC,
    PATIENCE_S,
    PROJECT,
    Clients,
    Failed,
    Player,
    Served,
    client_process,
    needs_clients,
)

ORACLE = os.environ.get("FIRESTORE_ORACLE", "")
# What the client for Node makes of an error over REST: the number of the HTTP status.
OVER_REST = {
    "ALREADY_EXISTS": "HTTP 409",
    "NOT_FOUND": "HTTP 404",
    "FAILED_PRECONDITION": "HTTP 400",
}

MINE, TAKEN = "mine", "taken"


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clients]:
    served = Served()
    clients = Clients(served, tmp_path_factory.mktemp("clients"))
    yield clients
    clients.close()
    served.close()


@pytest.fixture
def served(clients: Clients) -> Iterator[Served]:
    """Empty, and without faults."""
    clients.served.clear()
    yield clients.served
    clients.served.clear()


def same(result: Any, expected: Any) -> bool:
    """Whether a result is as expected, where any time will do."""
    if expected == {"$time": "any"}:
        return isinstance(result, dict) and isinstance(result.get("$time"), int)
    if isinstance(expected, dict) and isinstance(result, dict):
        return result.keys() == expected.keys() and all(
            same(result[name], one) for name, one in expected.items()
        )
    if isinstance(expected, list) and isinstance(result, list):
        return len(result) == len(expected) and all(map(same, result, expected))
    return bool(result == expected)


def play(client: Player, kind: str, case: Case) -> None:
    for command, content, expected in case.steps:
        if isinstance(expected, Fails):
            code = OVER_REST.get(expected.code, expected.code) if kind == "rest" else expected.code
            with pytest.raises(Failed) as caught:
                client.play(command, content)
            assert caught.value.code == code, (command, content)
        else:
            result = client.play(command, content)
            assert same(result, expected), (command, content, result)


@pytest.mark.parametrize("kind", CLIENTS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_client__sees_what_it_should(
    served: Served, clients: Clients, kind: str, case: Case
) -> None:
    if kind in dict(case.not_for):
        pytest.skip(dict(case.not_for)[kind])
    play(clients.of(kind)[0], kind, case)
    assert list(served.kernel.journal.entries("finding")) == []


@pytest.mark.skipif(not ORACLE, reason="FIRESTORE_ORACLE names no official emulator")
@pytest.mark.parametrize("kind", CLIENTS)
def test_official_emulator__shows_the_same(kind: str, tmp_path: Path) -> None:
    path = f"/emulator/v1/projects/{PROJECT}/databases/(default)/documents"
    differs = []
    with client_process([f"{kind}@{ORACLE}"], tmp_path) as process:
        for case in CASES:
            httpx.delete(f"http://{ORACLE}{path}").raise_for_status()
            try:
                if kind not in dict(case.not_for):
                    play(Player(process, f"{kind}@{ORACLE}"), kind, case)
            except (AssertionError, Failed) as error:
                differs.append(f"{case.name}: {error}")
    assert differs == []


# -- races


@pytest.mark.parametrize("kind", CLIENTS)
def test_naive_claim__is_decided_by_the_order(served: Served, clients: Clients, kind: str) -> None:
    players = clients.of(kind)
    assert all_at_once(served, players, "claim_naively", "c/1") == [MINE, MINE, MINE]
    assert one_by_one(served, players, "claim_naively", "c/2") == [MINE, TAKEN, TAKEN]


# Over REST whoever loses waits for about a minute.
@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        ("sync", "pessimistic"),
        ("sync", "optimistic"),
        ("async", "pessimistic"),
        ("async", "optimistic"),
        pytest.param("grpc", "pessimistic", marks=needs_clients),
        pytest.param("admin", "optimistic", marks=needs_clients),
    ],
)
def test_claim_in_a_transaction__is_granted_once(
    served: Served, clients: Clients, kind: str, mode: Concurrency
) -> None:
    served.firestore.transactions.concurrency = mode
    try:
        players = clients.of(kind)
        told = all_at_once(served, players, "claim", "c/1")
        assert sorted(map(str, told)) == [MINE, TAKEN, TAKEN]
        assert one_by_one(served, players, "claim", "c/2") == [MINE, TAKEN, TAKEN]
        told = all_at_once(served, players, "claim_by_query", {"collection": "q", "id": "x"})
        assert sorted(map(str, told)) == [MINE, TAKEN, TAKEN]
    finally:
        served.firestore.transactions.concurrency = "pessimistic"


# -- trouble


class Once:
    """A plan: what befalls the first call of a kind, and no other one."""

    def __init__(self, verb: str, fault: Fault) -> None:
        self._verb = verb
        self._fault: Fault | None = fault

    def __call__(self, call: Call) -> Fault | None:
        if call.access.verb != self._verb or self._fault is None:
            return None
        fault, self._fault = self._fault, None
        return fault


def rows(served: Served, verb: str) -> list[str]:
    return [row.result for row in served.firestore.oplog.rows if row.verb == verb]


@pytest.mark.parametrize("kind", OVER_GRPC)
def test_create_whose_acknowledgement_is_lost__meets_itself(
    served: Served, clients: Clients, kind: str
) -> None:
    served.gate.faults = Once("commit", FailAfter())
    before = len(rows(served, "commit"))
    assert clients.of(kind)[0].refusal("create", ["c/1", {}]) == "ALREADY_EXISTS"
    assert rows(served, "commit")[before:] == ["OK", "ALREADY_EXISTS"]


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("sync", "RESOURCE_EXHAUSTED"),
        ("async", "RESOURCE_EXHAUSTED"),
        pytest.param("rest", "HTTP 429", marks=needs_clients),
    ],
)
def test_read_over_the_quota__fails_at_once(
    served: Served, clients: Clients, kind: str, code: str
) -> None:
    served.firestore.meter.quota = Quota(reads=0)
    # One that has never listened: after that the client for REST may use gRPC for other calls too.
    assert clients.of(kind)[1].refusal("get", "c/1") == code


@pytest.mark.parametrize(
    ("kind", "command", "content"),
    [
        ("sync", "do", ["set", "c/1", {}]),
        ("async", "do", ["set", "c/1", {}]),
        pytest.param("grpc", "do", ["set", "c/1", {}], marks=needs_clients),
        pytest.param("admin", "do", ["set", "c/1", {}], marks=needs_clients),
        pytest.param("grpc", "get", "c/1", marks=needs_clients),
    ],
)
def test_call_over_the_quota__is_repeated_by_the_client_itself(
    served: Served, clients: Clients, kind: str, command: str, content: Any
) -> None:
    player = clients.of(kind)[0]
    served.firestore.meter.quota = Quota(reads=0, writes=0)
    billed = served.firestore.oplog.billed
    refused = threading.Semaphore(0)
    served.gate.watch = lambda call, outcome: refused.release()
    asked = player.start(command, content)
    for _ in range(2):
        assert refused.acquire(timeout=PATIENCE_S)
    assert not asked.done()
    assert served.firestore.oplog.billed == billed
    served.firestore.meter.quota = None
    assert asked.result(PATIENCE_S) is None

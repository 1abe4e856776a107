"""Races of real clients come out as the order is forced, every time: 20 of 20 for each client."""

import re
from collections.abc import Iterator
from typing import Literal, get_args

import pytest

from emulator.firestore import Concurrency
from tests.e2e.firestore_bots import judged
from tests.e2e.firestore_races import all_at_once, one_by_one
from tests.e2e.firestore_support import CLIENTS, OVER_GRPC, Clients, Served, needs_clients

RUNS = 20
MINE, TAKEN = "mine", "taken"


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clients]:
    served = Served()
    clients = Clients(served, tmp_path_factory.mktemp("clients"))
    yield clients
    clients.close()
    served.close()


@pytest.mark.parametrize("kind", CLIENTS)
def test_naive_claim__is_decided_by_the_order(clients: Clients, kind: str) -> None:
    served, players = clients.served, clients.of(kind)
    for run in range(RUNS):
        served.clear()
        assert all_at_once(served, players, "claim_naively", f"c/{run}") == [MINE] * 3
        assert one_by_one(served, players, "claim_naively", f"d/{run}") == [MINE, TAKEN, TAKEN]


@pytest.mark.parametrize("kind", OVER_GRPC)
@pytest.mark.parametrize("mode", get_args(Concurrency))
def test_claim_in_a_transaction__is_granted_once(
    clients: Clients, kind: str, mode: Concurrency
) -> None:
    served, players = clients.served, clients.of(kind)
    served.firestore.transactions.concurrency = mode
    for run in range(RUNS):
        served.clear()
        told = all_at_once(served, players, "claim", f"c/{run}")
        assert sorted(map(str, told)) == [MINE, TAKEN, TAKEN], run
        wanted = {"collection": "q", "id": str(run)}
        told = all_at_once(served, players, "claim_by_query", wanted)
        assert sorted(map(str, told)) == [MINE, TAKEN, TAKEN], run
        assert one_by_one(served, players, "claim", f"d/{run}") == [MINE, TAKEN, TAKEN]


@pytest.mark.parametrize(
    ("kind", "at_home"),
    [
        ("python", False),
        pytest.param("node", False, marks=needs_clients),
        pytest.param("node", True, marks=needs_clients),
    ],
)
def test_bot_that_claims_in_a_transaction__is_certified(
    kind: Literal["node", "python"], at_home: bool
) -> None:
    checks = ("ten-rapid", "freeze-safe", "dedup-records", "race-k2")
    certificate = judged(*checks, kind=kind, at_home=at_home)
    assert certificate.certified, certificate.problems


@needs_clients
def test_bot_that_reads_and_then_writes__is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUG", "naive")
    (failure,) = judged("race-k2").failures
    assert failure.check == "race-k2"
    steps = re.findall(r"(reads|writes) m_\S+ -> ([a-z ]+)", "\n".join(failure.evidence))
    assert steps == [("reads", "not there")] * 2 + [("writes", "written")] * 2

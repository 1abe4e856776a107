"""What an operation on the fake Firestore costs over gRPC, by Google's own client for Python.

`python -m loadtests.firestore`. Every figure is of one unmodified client that makes one call after
the other over a socket, with the server in another process: operations per second of the wall
clock, and per CPU second of the server. With FIRESTORE_ORACLE=host:port the official emulator that
listens there is measured in the same run, by the wall clock alone.

Last figures, on two cores that others kept busy (load 8), per second and per CPU second:
set 1,000 and 1,800, get 900 and 1,800, a query that finds 20 of 200 documents 150 and 590, a
transaction that reads and writes one document 235 and 500.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

OPERATIONS = 400
PROJECT = "demo-thrice"


def serve() -> None:
    """The fake, until standard input ends; prints where it is."""
    from emulator.firestore import Firestore
    from emulator.firestore.service import ORIGIN
    from emulator.kernel import Kernel
    from emulator.net import Arrival, Listener, Network

    network, firestore = Network(), Firestore(Kernel())

    def arrived(arrival: Arrival) -> None:
        arrival.answer(firestore.handle(arrival.request))

    listener = Listener(network, origin=ORIGIN, on_arrival=arrived)
    print(f"127.0.0.1:{listener.port}", flush=True)
    sys.stdin.read()
    listener.close()
    network.close()


@contextmanager
def served() -> Iterator[tuple[str, int]]:
    """Where the fake listens, and its process."""
    process = subprocess.Popen(
        [sys.executable, "-m", "loadtests.firestore", "serve"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip(), process.pid
    finally:
        process.stdin.close()
        process.stdout.close()
        process.send_signal(signal.SIGTERM)
        process.wait()


def cpu_s(pid: int) -> float:
    """CPU seconds of a process so far (proc(5), stat); 0 where that is not to be had."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / float(os.sysconf("SC_CLK_TCK"))


def operations(db: Any) -> dict[str, Callable[[int], object]]:
    """What is measured, by name; each takes a number of its own."""
    from google.cloud import firestore
    from google.cloud.firestore_v1.base_query import FieldFilter

    numbers = db.collection("numbers")
    for at in range(200):
        numbers.document(f"q{at}").set({"tens": at // 20, "at": at})

    @firestore.transactional
    def claim(transaction: Any, at: int) -> None:
        document = numbers.document(f"t{at}")
        if not document.get(transaction=transaction).exists:
            transaction.set(document, {"at": at})

    return {
        "set": lambda at: numbers.document(f"s{at % 50}").set({"at": at, "text": "x" * 50}),
        "get": lambda at: numbers.document(f"q{at % 200}").get(),
        "query, 20 of 200": lambda at: numbers.where(
            filter=FieldFilter("tens", "==", at % 10)
        ).get(),
        "transaction": lambda at: claim(db.transaction(), at),
    }


def measure(host: str, pid: int | None) -> None:
    from google.cloud import firestore

    os.environ["FIRESTORE_EMULATOR_HOST"] = host
    db = firestore.Client(project=PROJECT)
    for name, operation in operations(db).items():
        operation(0)
        began, cpu = time.perf_counter(), cpu_s(pid) if pid is not None else 0.0
        for at in range(1, OPERATIONS + 1):
            operation(at)
        per_second = OPERATIONS / (time.perf_counter() - began)
        line = f"  {name:20}{per_second:8,.0f} per second"
        if pid is not None and cpu_s(pid) > cpu:
            line += f"{OPERATIONS / (cpu_s(pid) - cpu):8,.0f} per CPU second of the server"
        print(line, flush=True)


def main() -> None:
    with served() as (host, pid):
        print("google-cloud-firestore on the fake")
        measure(host, pid)
    oracle = os.environ.get("FIRESTORE_ORACLE")
    if oracle:
        print("google-cloud-firestore on the official emulator")
        measure(oracle, None)
    else:
        print("the official emulator is left out: FIRESTORE_ORACLE does not say where it is")


if __name__ == "__main__":
    serve() if sys.argv[1:] == ["serve"] else main()

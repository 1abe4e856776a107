"""Ports: free ones are free and differ, and those of processes are found."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from emulator.net.ports import FIRST, LAST, free_port, listening_pids, listening_ports

ROOT = Path(__file__).parents[2]


def test_free_port__is_free_and_given_out_once() -> None:
    ports = [free_port() for _ in range(50)]
    assert len(set(ports)) == 50
    assert all(FIRST <= port < LAST for port in ports)
    with socket.create_server(("127.0.0.1", ports[0])) as server:
        assert server.getsockname()[1] == ports[0]


def test_free_port__passes_over_one_in_use() -> None:
    first = free_port()
    with socket.create_server(("127.0.0.1", first + 1)):
        assert free_port() > first + 1


@pytest.mark.skipif(sys.platform != "linux", reason="ports are claimed on Linux only")
def test_free_port__is_not_given_out_by_two_processes() -> None:
    # A new process begins where its number says; this one is made to begin at the same place.
    script = f"""
import os
os.getpid = lambda: {os.getpid()}
from emulator.net.ports import free_port
print(*[free_port() for _ in range(80)], flush=True)
input()
"""
    ours = {free_port() for _ in range(20)}
    with subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        theirs = {int(port) for port in other.stdout.readline().split()}
        ours |= {free_port() for _ in range(60)}
        other.stdin.close()
    assert len(theirs) == len(ours) == 80
    assert not theirs & ours


def test_listening__is_found_from_the_process_and_from_the_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert port in listening_ports([os.getpid()])
        assert os.getpid() in listening_pids(port)
    assert port not in listening_ports([os.getpid()])
    assert listening_pids(port) == []

"""Ports: free ones are free and differ, and those of processes are found."""

import os
import socket

from emulator.net.ports import FIRST, LAST, free_port, listening_pids, listening_ports


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


def test_listening__is_found_from_the_process_and_from_the_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert port in listening_ports([os.getpid()])
        assert os.getpid() in listening_pids(port)
    assert port not in listening_ports([os.getpid()])
    assert listening_pids(port) == []

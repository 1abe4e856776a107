from collections.abc import Iterator

import pytest

from emulator.net import Client, Network


@pytest.fixture
def network() -> Iterator[Network]:
    with Network() as network:
        yield network


@pytest.fixture
def client(network: Network) -> Client:
    return Client(network, max_reply_bytes=1_000_000)

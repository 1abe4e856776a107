"""Public client libraries for Node, unmodified: the handshake, a message, its reply, errors."""

from collections.abc import Iterator

import pytest

from emulator.meta import PlatformName
from emulator.net import Network
from emulator.net.ports import free_port
from tests._needs import needs_packages
from tests.e2e.meta_clients import Clients
from tests.e2e.support import ROOT

FOLDER = ROOT / "tests" / "e2e" / "node_meta"
LIBRARIES: tuple[tuple[str, PlatformName, str], ...] = (
    ("bootbot", "messenger", "bootbot"),
    ("messenger", "messenger", "messaging-api"),
    ("instagram", "instagram", "messaging-api"),
    ("whatsapp", "whatsapp", "whatsapp-api-js"),
)

pytestmark = needs_packages(FOLDER)

# The process, and where the one library listens that has a server of its own.
Started = tuple[Clients, int]


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    port, bootbot = free_port(), free_port()
    command = ("node", str(FOLDER / "clients.mjs"), str(port), str(bootbot))
    folder = tmp_path_factory.mktemp("clients")
    with Network() as network, Clients(network, folder, command, port) as clients:
        clients.start()
        yield clients, bootbot


def port_of(started: Started, path: str) -> int | None:
    return started[1] if path == "bootbot" else None


@pytest.mark.parametrize(("path", "platform", "name"), LIBRARIES)
def test_library__passes_the_handshake_and_answers(
    started: Started, path: str, platform: PlatformName, name: str
) -> None:
    with started[0].world(platform, f"/{path}", port=port_of(started, path)) as bench:
        assert bench.verifies()
        assert not bench.verifies("wrong")
        bench.do(lambda account: account.message("grüße / 😀"))

        assert bench.replies() == [f"{name}: grüße / 😀"]
        assert bench.kernel.journal.tally("u0").replies == 1


@pytest.mark.parametrize(("path", "platform", "name"), LIBRARIES)
def test_library__understands_an_error(
    started: Started, path: str, platform: PlatformName, name: str
) -> None:
    code = 131026 if platform == "whatsapp" else 551
    with started[0].world(platform, f"/{path}", port=port_of(started, path)) as bench:
        bench.account.graph.refuse(code, verb="send")
        bench.do(lambda account: account.message("hello"))

        assert bench.replies() == [f"error {code}"]


@pytest.mark.parametrize("platform", ["messenger", "instagram"])
def test_messaging_api__sends_a_batch(started: Started, platform: PlatformName) -> None:
    with started[0].world(platform, f"/{platform}") as bench:
        bench.do(lambda account: account.message("batch"))

        assert bench.replies(2) == ["in a batch", "200 200"]

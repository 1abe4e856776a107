"""Public client libraries for Python, unmodified: the handshake, a message, its reply, errors."""

import sys
from collections.abc import Iterator

import pytest

from emulator.meta import PlatformName
from emulator.net import Network
from emulator.net.ports import free_port
from tests.e2e.meta_clients import Clients
from tests.e2e.support import BOTS

LIBRARIES: tuple[tuple[str, PlatformName, str], ...] = (
    ("fbmessenger", "messenger", "fbmessenger"),
    ("fbmq", "messenger", "fbmq"),
    ("pymessenger", "messenger", "pymessenger"),
    ("instagram", "instagram", "facebook-sdk"),
    ("heyoo", "whatsapp", "heyoo"),
    ("pywa", "whatsapp", "pywa"),
)


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clients]:
    """Started in a world in which pywa saves its callback, as it does with every start."""
    port = free_port()
    command = (sys.executable, str(BOTS / "meta" / "clients.py"), str(port))
    folder = tmp_path_factory.mktemp("clients")
    with Network() as network, Clients(network, folder, command, port) as clients:
        with clients.world("whatsapp", "/") as bench:
            clients.start()
            assert bench.sees(lambda account: account.courier.url == "https://bot.example/pywa"), (
                clients.said()
            )
        yield clients


@pytest.mark.parametrize(("path", "platform", "name"), LIBRARIES)
def test_library__passes_the_handshake_and_answers(
    clients: Clients, path: str, platform: PlatformName, name: str
) -> None:
    with clients.world(platform, f"/{path}") as bench:
        assert bench.verifies()
        assert not bench.verifies("wrong")
        bench.do(lambda account: account.message("grüße / 😀"))

        assert bench.replies() == [f"{name}: grüße / 😀"]
        assert bench.kernel.journal.tally("u0").replies == 1


@pytest.mark.parametrize(("path", "platform", "name"), LIBRARIES)
def test_library__understands_an_error(
    clients: Clients, path: str, platform: PlatformName, name: str
) -> None:
    code = 131026 if platform == "whatsapp" else 551
    with clients.world(platform, f"/{path}") as bench:
        bench.account.graph.refuse(code, verb="send")
        bench.do(lambda account: account.message("hello"))

        assert bench.replies() == [f"error {code}"]


def test_pymessenger__sends_a_template(clients: Clients) -> None:
    with clients.world("messenger", "/pymessenger") as bench:
        bench.do(lambda account: account.message("menu"))

        assert bench.replies() == ["What would you like?"]
        (sent,) = bench.account.sent
        assert sent.kind == "template"


def test_fbmessenger__types_before_it_answers(clients: Clients) -> None:
    with clients.world("messenger", "/fbmessenger") as bench:
        bench.do(lambda account: account.message("hello"))
        bench.replies()

        assert [action.action for action in bench.account.actions] == ["typing_on"]


def test_heyoo__marks_as_read(clients: Clients) -> None:
    with clients.world("whatsapp", "/heyoo") as bench:
        bench.do(lambda account: account.message("hello"))
        bench.replies()

        assert [action.action for action in bench.account.actions] == ["mark_seen"]


@pytest.mark.parametrize("path", ["heyoo", "pywa"])
def test_whatsapp__media_is_fetched(clients: Clients, path: str) -> None:
    with clients.world("whatsapp", f"/{path}") as bench:
        bench.do(lambda account: account.attachment("image"))

        assert bench.replies() == ["22 bytes of image/jpeg"]

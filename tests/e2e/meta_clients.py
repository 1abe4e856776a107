"""What the tests of public client libraries share: a world on the wall clock, and a process which
is led to it wherever it wants to go.
"""

import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from emulator.attribution import Attribution
from emulator.exchange import Outcome
from emulator.gate import Gate
from emulator.kernel import Kernel
from emulator.meta import Account, PlatformName, UserMessage
from emulator.meta.accounts import make_account
from emulator.meta.credentials import Credentials
from emulator.net import Arrival, Client, Network, wall
from emulator.net.authority import Authority
from emulator.net.proxy import Proxy
from emulator.net.running import FreeRunning
from emulator.schedule import Fifo
from emulator.serverless.led import leading_to
from emulator.serverless.preloading import with_preload
from emulator.serverless.remote import Remote

# Far beyond what anything here takes, also where other work keeps the cores busy.
PATIENCE_S = 60.0
OWN = Credentials()


class Bench:
    """One account, and a bot at a port of this machine that is told of what happens there."""

    def __init__(
        self, network: Network, client: Client, platform: PlatformName, path: str, port: int
    ) -> None:
        self._network = network
        self.kernel = Kernel(
            schedule=lambda chance: Fifo(chance, low_s=0.0, high_s=0.0),
            epoch=wall.unix(),
            bot_clock=wall.unix,
        )
        self.account: Account = make_account(
            platform, self.kernel, callback_url=f"https://bot.example{path}", copies=1
        )
        self.gate = Gate(self.kernel, (self.account,))
        self.running = FreeRunning(self.kernel, network)
        bot = Remote(
            self.kernel, client, place=("127.0.0.1", port), settled=lambda: self.running.poke()
        )
        self.kernel.origins["https://bot.example"] = bot
        self._attribution = Attribution(self.kernel, self.account, (bot,))

    def arrived(self, arrival: Arrival) -> None:
        """The bot calls."""

        def answered(outcome: Outcome) -> None:
            arrival.answer(outcome)

        self.running.keep_time()
        self.gate.arrive(
            self._attribution.invocation_for(arrival.request),
            arrival.request,
            timeout_s=None,
            deliver_outcome=answered,
        )
        self.running.poke()

    def do(self, action: Callable[[Account], object]) -> None:
        """Have something happen on the platform, on the thread of the world."""

        async def act() -> None:
            self.running.keep_time()
            done = action(self.account)
            if isinstance(done, UserMessage):
                self._attribution.wrote(done)
            self.running.poke()

        self._network.run(act())

    def sees(self, found: Callable[[Account], bool]) -> bool:
        """Whether something is so within good time."""
        until = time.monotonic() + PATIENCE_S
        while not found(self.account):
            if time.monotonic() > until:
                return False
            time.sleep(0.005)
        return True

    def verifies(self, verify_token: str | None = None) -> bool:
        """Whether the bot passes the handshake."""
        shaken = []
        self.do(lambda account: shaken.append(account.subscribe(verify_token)))
        assert self.sees(lambda account: shaken[0].verified is not None)
        return shaken[0].verified is True

    def replies(self, count: int = 1) -> list[str]:
        """The texts of what the bot has sent, once there are so many."""
        assert self.sees(lambda account: account.sent_count >= count), self.journal()
        return [sent.text for sent in self.account.sent]

    def journal(self) -> str:
        return "\n".join(str(entry) for entry in self.kernel.journal.entries())


class Clients:
    """A process with bots of several libraries, and the platform that they all reach."""

    def __init__(self, network: Network, folder: Path, command: Sequence[str], port: int) -> None:
        self._network = network
        self._client = Client(network)
        self._bench: Bench | None = None
        self._port = port
        authority = Authority()
        (folder / "authority.pem").write_text(authority.pem)
        self._proxy = Proxy(network, authority, on_arrival=self._arrived)
        led = leading_to(self._proxy.port, str(folder / "authority.pem"))
        self._log = (folder / "log").open("w")
        self._process: subprocess.Popen[bytes] | None = None
        self._command = command
        self._environment = with_preload(
            {
                **os.environ,
                **led,
                "PAGE_TOKEN": OWN.page_token,
                "INSTAGRAM_TOKEN": OWN.instagram_token,
                "WHATSAPP_TOKEN": OWN.whatsapp_token,
                "PHONE_NUMBER_ID": OWN.phone_number_id,
                "APP_ID": OWN.app_id,
                "APP_SECRET": OWN.app_secret,
                "VERIFY_TOKEN": OWN.verify_token,
            }
        )

    def start(self) -> None:
        """Start the process, and wait until it listens."""
        self._process = subprocess.Popen(
            self._command, env=self._environment, stdout=self._log, stderr=self._log
        )
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", self._port)).close()
                return
            except ConnectionRefusedError:
                assert self._process.poll() is None, self.said()
                assert time.monotonic() < until
                time.sleep(0.02)

    @contextmanager
    def world(
        self, platform: PlatformName, path: str, *, port: int | None = None
    ) -> Iterator[Bench]:
        """A world whose platform the process reaches from now on."""
        bench = Bench(self._network, self._client, platform, path, port or self._port)
        self._bench = bench
        try:
            yield bench
        finally:
            self._network.post(bench.running.stop)
            bench.kernel.journal.close()

    def said(self) -> str:
        """What the process has printed."""
        return Path(self._log.name).read_text()

    def __enter__(self) -> "Clients":
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(PATIENCE_S)
        self._proxy.close()
        self._client.close()
        self._log.close()

    def _arrived(self, arrival: Arrival) -> None:
        assert self._bench is not None
        self._bench.arrived(arrival)

"""What the tests of the vendor's SDKs for Node share: the served queue, and Node beside it."""

from collections.abc import Iterator
from contextlib import contextmanager

from emulator.net.ports import free_port
from emulator.queue_users import QUEUE_USERS
from emulator.serving import Serving
from harness.live import ports_of
from harness.profile import load_profile, with_ports
from tests._needs import needs_packages
from tests.e2e.support import ROOT

FOLDER = ROOT / "tests" / "e2e" / "node_qstash"
USER = QUEUE_USERS[0]
# Far beyond what anything here takes, also where other work keeps the cores busy.
PATIENCE_S = 120.0

needs_sdks = needs_packages(FOLDER)


@contextmanager
def served() -> Iterator[tuple[Serving, dict[str, str]]]:
    """The fakes with their control API, and the environment for a program beside them.

    `PORT` in it is where the bot is expected.
    """
    own = tuple(free_port() for _ in range(5))
    profile = with_ports(
        load_profile(ROOT / "reference_bot" / "thrice.toml", url=f"http://127.0.0.1:{own[4]}"),
        own[:4],
    )
    with Serving(
        ports=ports_of(profile),
        public_url=profile.bot.public_url,
        bot_url=profile.bot.url,
        webhook=profile.bot.webhook,
        control_port=0,
    ) as fakes:
        yield (
            fakes,
            {
                "QSTASH_URL": f"http://127.0.0.1:{fakes.ports['queue']}",
                "QSTASH_TOKEN": USER.token,
                "QSTASH_CURRENT_SIGNING_KEY": USER.current_key,
                "QSTASH_NEXT_SIGNING_KEY": USER.next_key,
                "THRICE_CONTROL_URL": f"http://127.0.0.1:{fakes.ports['control']}",
                "PORT": str(own[4]),
            },
        )

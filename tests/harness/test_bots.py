"""Bots as people write them, in twelve styles: each is certified as it stands, and with the bug
that its style tends to have it fails exactly the checks listed with it. `make prove` judges all of
them by every check at ten seeds; the ordinary suite at one, by some.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from harness.certificate import Certificate
from harness.certify import certify
from harness.profile import HostKind, load_profile
from harness.profile_env import DEFAULT_ENV
from tests._seeds import seeds
from tests.harness._judged import BUDGET, RACES, SEARCHES, failed, judged, switches, told

pytestmark = pytest.mark.usefixtures("files_read_once")

BOTS = Path(__file__).parents[1] / "bots"
SEEDS = seeds(10)
# Of the checks that a bot has to pass the ordinary suite judges it by one in so many.
EVERY_OF_RIGHT, EVERY_OF_WRONG = 7, 12

# Not one publish and one reply for each message: some are lost, or some are doubled.
MISCOUNTED = frozenset({"ten-rapid", "queue-ledger", "one-reply"})
# Every scenario asks for its messages to be published and answered once.
ALL_COUNTED = MISCOUNTED | {"echo-safe", "late-duplicate", "consumer-retry", "cold-instances"}
# What fails at the queue, or at the store, is not made up for.
QUEUE_OUTAGES = frozenset({"queue-hangs", "queue-refuses", "queue-429", "queue-401"})
STORE_OUTAGES = frozenset({"store-down", "store-quota"})
OUTAGES = QUEUE_OUTAGES | STORE_OUTAGES | {"send-fails"}
FROZEN = ALL_COUNTED | OUTAGES | SEARCHES | {"freeze-safe"}

# What these profiles promise nothing of.
UNPROMISED = ("rate-limit", "breaker", "plan-budget")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One bot, what its profile says, and what its bug makes fail, the check `shown_by` first of
    all; at some seeds also what it does `sometimes`.
    """

    bot: str
    webhook: str
    consumer: str
    dedup: str
    bug: str
    shown_by: str
    fails: frozenset[str]
    sometimes: frozenset[str] = frozenset()
    env: dict[str, str] = field(default_factory=dict)
    services: str = ""

    @property
    def own(self) -> tuple[str, ...]:
        """What it must fail, beginning with what shows its bug."""
        return (self.shown_by, *sorted(self.fails - {self.shown_by}))

    def profile(self, *, bug: str, host: HostKind) -> str:
        """The text of the profile, with `bug` in the bot's environment."""
        env = {**DEFAULT_ENV, **self.env, "BUG": bug}
        variables = "\n".join(f'{name} = "{value}"' for name, value in env.items())
        return f"""
            [bot]
            app = "{self.bot}:app"
            webhook = "{self.webhook}"
            consumer = "{self.consumer}"
            [bot.env]
            {variables}
            [host]
            kind = "{host}"
            [store]
            dedup = "{self.dedup}"
            {self.services}
        """


CASES = [
    Case(
        bot="threaded_bot",
        webhook="/messenger",
        consumer="/worker",
        dedup="processedMessages",
        bug="lock",
        shown_by="race-k2",
        # The record comes before the publish, so what fails in between is taken for done.
        fails=MISCOUNTED | QUEUE_OUTAGES | SEARCHES | {"store-down", "no-growth"},
    ),
    Case(
        bot="sync_sdk_bot",
        webhook="/facebook",
        consumer="/queue/incoming",
        dedup="handled",
        bug="content",
        shown_by="one-reply",
        # Whenever somebody says the same again.
        fails=MISCOUNTED | {"echo-safe", "late-duplicate"},
    ),
    Case(
        bot="globals_bot",
        webhook="/api/webhook",
        consumer="/api/jobs",
        dedup="inbox",
        bug="memory",
        shown_by="cold-instances",
        fails=MISCOUNTED
        | {"dedup-records", "late-duplicate", "cold-instances", "no-growth"}
        | QUEUE_OUTAGES
        | STORE_OUTAGES
        | SEARCHES,
    ),
    Case(
        bot="lifespan_bot",
        webhook="/webhook",
        consumer="/jobs",
        dedup="seen",
        bug="hand-off",
        shown_by="freeze-safe",
        fails=MISCOUNTED | QUEUE_OUTAGES | SEARCHES | {"freeze-safe"},
        # The worker may be quicker than the rest of the webhook, for all of a few messages.
        sometimes=ALL_COUNTED - MISCOUNTED | STORE_OUTAGES | {"send-fails"},
    ),
    Case(
        bot="scheduler_bot",
        webhook="/webhook",
        consumer="/internal/answer",
        dedup="processedMessages",
        bug="outbox",
        shown_by="freeze-safe",
        fails=FROZEN,
    ),
    Case(
        bot="class_bot",
        webhook="/webhook",
        consumer="/jobs",
        dedup="messages",
        bug="handshake",
        shown_by="handshake",
        fails=frozenset({"handshake"}),
    ),
    Case(
        bot="executor_bot",
        webhook="/webhook",
        consumer="/handle",
        dedup="processedMessages",
        bug="submit",
        shown_by="freeze-safe",
        # The four threads of the pool are soon all frozen at work, and webhooks wait for one.
        fails=FROZEN | {"dedup-records", "ack-deadline"},
    ),
    Case(
        bot="raw_asgi_bot",
        webhook="/",
        consumer="/deliver",
        dedup="bots/raw/mids",
        bug="first",
        shown_by="one-reply",
        fails=MISCOUNTED | {"dedup-records", "late-duplicate"},
    ),
    Case(
        bot="background_bot",
        webhook="/v1/messenger",
        consumer="/v1/jobs",
        dedup="processedMessages",
        bug="background",
        shown_by="freeze-safe",
        fails=FROZEN | {"dedup-records"},
    ),
    Case(
        bot="flask_bot",
        webhook="/webhook",
        consumer="/worker",
        dedup="processed",
        bug="on-close",
        shown_by="freeze-safe",
        fails=FROZEN,
    ),
    Case(
        bot="llm_bot",
        webhook="/webhook",
        consumer="/reply",
        dedup="turns",
        bug="task",
        shown_by="freeze-safe",
        fails=FROZEN,
        env={"OPENAI_API_KEY": "sk-test"},
        services="""
            [[services]]
            host = "api.openai.com"
            method = "POST"
            path = "/v1/chat/completions"
            latency_s = 1
            json = { choices = [{ message = { role = "assistant", content = "Well, well." } }] }
        """,
    ),
    Case(
        bot="backoff_bot",
        webhook="/webhook",
        consumer="/answer",
        dedup="processedMessages",
        bug="requeue",
        shown_by="no-loop",
        fails=ALL_COUNTED - {"one-reply"}
        | OUTAGES
        | SEARCHES
        | {"quiet-day", "quiet-week", "no-loop", "no-growth"},
    ),
]


BY_NAME = {case.bot: case for case in CASES}


def judge(
    case: Case,
    folder: Path,
    *,
    seed: int,
    bug: str = "",
    host: HostKind = "lambda",
    only: tuple[str, ...] = (),
) -> Certificate:
    path = folder / "thrice.toml"
    path.write_text(case.profile(bug=bug, host=host))
    return certify(load_profile(path), root=BOTS, seed=seed, only=only, budget=BUDGET)


def judge_bug(
    case: Case, folder: Path, *, seed: int, host: HostKind = "lambda"
) -> tuple[Certificate, set[str]]:
    """A bot with its bug, and the checks that have judged it."""
    only = judged([one.own for one in CASES], list(BY_NAME).index(case.bot), every=EVERY_OF_WRONG)
    return judge(case, folder, seed=seed, bug=case.bug, host=host, only=only), set(only)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("bot", BY_NAME)
def test_bot__is_certified(bot: str, seed: int, tmp_path: Path) -> None:
    case = BY_NAME[bot]
    only = judged([()] * len(CASES), CASES.index(case), every=EVERY_OF_RIGHT)
    certificate = judge(case, tmp_path, seed=seed, only=only)
    assert failed(certificate) == set()
    assert certificate.certified
    unjudged = {verdict.check for verdict in certificate.of("not applicable")}
    assert unjudged == set(UNPROMISED) & set(only)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("bot", BY_NAME)
def test_bot_with_its_bug__fails_exactly_its_checks(bot: str, seed: int, tmp_path: Path) -> None:
    case = BY_NAME[bot]
    certificate, only = judge_bug(case, tmp_path, seed=seed)
    assert failed(certificate) - case.sometimes == case.fails & only, told(certificate)
    for race, count in switches(certificate).items():
        assert count <= RACES[race] + 1


@pytest.mark.parametrize("seed", SEEDS)
def test_background_task__is_done_where_the_host_waits_for_the_call(
    seed: int, tmp_path: Path
) -> None:
    case = BY_NAME["background_bot"]
    # Done; but whoever was told that all is well does not come again when it fails.
    left = QUEUE_OUTAGES | STORE_OUTAGES | {"fault-1", "instance-killed"}
    certificate, only = judge_bug(case, tmp_path, seed=seed, host="vercel")
    assert failed(certificate) == left & only


def test_on_close__is_called_where_the_host_waits_for_the_call(tmp_path: Path) -> None:
    case = BY_NAME["flask_bot"]
    left = QUEUE_OUTAGES | {"store-down", "fault-1", "instance-killed"}
    certificate, only = judge_bug(case, tmp_path, seed=1, host="vercel")
    assert failed(certificate) == left & only


# asgiref does not close what a WSGI application returns, so `call_on_close` is never called.
def test_flask__is_judged_through_another_adapter(tmp_path: Path) -> None:
    case = replace(
        BY_NAME["flask_bot"],
        env={"ADAPTER": "asgiref"},
        shown_by="one-reply",
        fails=ALL_COUNTED | OUTAGES | SEARCHES,
    )
    certificate, only = judge_bug(case, tmp_path, seed=1)
    assert failed(certificate) == case.fails & only


def test_flask__is_certified_through_another_adapter(tmp_path: Path) -> None:
    case = replace(BY_NAME["flask_bot"], env={"ADAPTER": "asgiref"})
    only = judged([()] * 2, 1, every=EVERY_OF_RIGHT)
    assert failed(judge(case, tmp_path, seed=1, only=only)) == set()

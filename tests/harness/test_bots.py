"""Bots as people write them, in twelve styles: each is certified as it stands, and with the bug
that its style tends to have it fails exactly the checks listed with it; at ten seeds in `make
prove`.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from harness.certificate import Certificate
from harness.certify import certify
from harness.checks import CATALOGUE
from harness.profile import DEFAULT_ENV, HostKind, load_profile
from tests._seeds import seeds

BOTS = Path(__file__).parents[1] / "bots"
SEEDS = seeds(10)

# Not one publish and one reply for each message: some are lost, or some are doubled.
MISCOUNTED = frozenset({"ten-rapid", "queue-ledger", "one-reply"})
# Every scenario asks for its messages to be published and answered once.
ALL_COUNTED = MISCOUNTED | {"echo-safe", "late-duplicate", "consumer-retry", "cold-instances"}
FROZEN = ALL_COUNTED | {"freeze-safe"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One bot, what its profile says, and what its bug makes fail; at some seeds also what it does
    `sometimes`.
    """

    bot: str
    webhook: str
    consumer: str
    dedup: str
    bug: str
    fails: frozenset[str]
    sometimes: frozenset[str] = frozenset()
    env: dict[str, str] = field(default_factory=dict)
    services: str = ""

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
        fails=MISCOUNTED,
    ),
    Case(
        bot="sync_sdk_bot",
        webhook="/facebook",
        consumer="/queue/incoming",
        dedup="handled",
        bug="content",
        # Whenever somebody says the same again.
        fails=MISCOUNTED | {"echo-safe", "late-duplicate"},
    ),
    Case(
        bot="globals_bot",
        webhook="/api/webhook",
        consumer="/api/jobs",
        dedup="inbox",
        bug="memory",
        fails=MISCOUNTED | {"dedup-records", "late-duplicate", "cold-instances"},
    ),
    Case(
        bot="lifespan_bot",
        webhook="/webhook",
        consumer="/jobs",
        dedup="seen",
        bug="hand-off",
        fails=MISCOUNTED | {"freeze-safe"},
        # The worker may be quicker than the rest of the webhook, for all of a few messages.
        sometimes=ALL_COUNTED - MISCOUNTED,
    ),
    Case(
        bot="scheduler_bot",
        webhook="/webhook",
        consumer="/internal/answer",
        dedup="processedMessages",
        bug="outbox",
        fails=FROZEN,
    ),
    Case(
        bot="class_bot",
        webhook="/webhook",
        consumer="/jobs",
        dedup="messages",
        bug="handshake",
        fails=frozenset({"handshake"}),
    ),
    Case(
        bot="executor_bot",
        webhook="/webhook",
        consumer="/handle",
        dedup="processedMessages",
        bug="submit",
        # The four threads of the pool are soon all frozen at work, and webhooks wait for one.
        fails=FROZEN | {"dedup-records", "ack-deadline"},
    ),
    Case(
        bot="raw_asgi_bot",
        webhook="/",
        consumer="/deliver",
        dedup="bots/raw/mids",
        bug="first",
        fails=MISCOUNTED | {"dedup-records", "late-duplicate"},
    ),
    Case(
        bot="background_bot",
        webhook="/v1/messenger",
        consumer="/v1/jobs",
        dedup="processedMessages",
        bug="background",
        fails=FROZEN | {"dedup-records"},
    ),
    Case(
        bot="flask_bot",
        webhook="/webhook",
        consumer="/worker",
        dedup="processed",
        bug="on-close",
        fails=FROZEN,
    ),
    Case(
        bot="llm_bot",
        webhook="/webhook",
        consumer="/reply",
        dedup="turns",
        bug="task",
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
        fails=ALL_COUNTED - {"one-reply"} | {"quiet-day", "quiet-week", "no-loop"},
    ),
]


BY_NAME = {case.bot: case for case in CASES}


def judge(
    case: Case, folder: Path, *, seed: int, bug: str = "", host: HostKind = "lambda"
) -> Certificate:
    path = folder / "thrice.toml"
    path.write_text(case.profile(bug=bug, host=host))
    return certify(load_profile(path), root=BOTS, seed=seed)


def failed(certificate: Certificate) -> set[str]:
    assert certificate.problems == ()
    return {verdict.check for verdict in certificate.verdicts if verdict.result == "failed"}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("bot", BY_NAME)
def test_bot__is_certified(bot: str, seed: int, tmp_path: Path) -> None:
    certificate = judge(BY_NAME[bot], tmp_path, seed=seed)
    assert failed(certificate) == set()
    assert certificate.headline == f"certified, {len(CATALOGUE)} of {len(CATALOGUE)} checks"


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("bot", BY_NAME)
def test_bot_with_its_bug__fails_exactly_its_checks(bot: str, seed: int, tmp_path: Path) -> None:
    case = BY_NAME[bot]
    assert failed(judge(case, tmp_path, seed=seed, bug=case.bug)) - case.sometimes == case.fails


@pytest.mark.parametrize("seed", SEEDS)
def test_background_task__is_done_where_the_host_waits_for_the_call(
    seed: int, tmp_path: Path
) -> None:
    case = BY_NAME["background_bot"]
    assert failed(judge(case, tmp_path, seed=seed, bug=case.bug, host="vercel")) == set()


def test_on_close__is_called_where_the_host_waits_for_the_call(tmp_path: Path) -> None:
    case = BY_NAME["flask_bot"]
    assert failed(judge(case, tmp_path, seed=1, bug=case.bug, host="vercel")) == set()


# asgiref does not close what a WSGI application returns, so `call_on_close` is never called.
@pytest.mark.parametrize(("bug", "fails"), [("", frozenset[str]()), ("on-close", ALL_COUNTED)])
def test_flask__is_judged_through_another_adapter(
    bug: str, fails: frozenset[str], tmp_path: Path
) -> None:
    case = replace(BY_NAME["flask_bot"], env={"ADAPTER": "asgiref"})
    assert failed(judge(case, tmp_path, seed=1, bug=bug)) == fails

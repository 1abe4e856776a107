"""The security checks on a bot that lacks one guard: each is found, for what it is, and a bot with
all of them is not accused.
"""

import json
from pathlib import Path

import pytest

from emulator import Simulation
from harness.certify import certify, judge, observe, replay, select
from harness.profile import Bot, Expect, Profile, load_profile, render_env
from harness.profile_env import DEFAULT_ENV
from harness.report import render_exhibit
from harness.scenarios.scenario import Run
from harness.stage import Stage, variables
from harness.verdict import Verdict

ROOT = Path(__file__).parents[2]
BOTS = ROOT / "tests" / "bots"
HANG_LIMIT_S = 0.5
KEY_ERROR = "KeyError: 'x-hub-signature-256' at tests/bots/guarded_bot.py:36"


def profile_of(flaw: str = "", *, consumer: str | None = "/jobs") -> Profile:
    env = {**DEFAULT_ENV, "FLAW": flaw}
    bot = Bot(app="guarded_bot:app", webhook="/webhook", consumer=consumer, env=env)
    return Profile(bot=bot, store=None, expect=Expect(publishes=1, replies=1))


def judged(check: str, flaw: str = "", *, seed: int = 1) -> Verdict:
    profile = profile_of(flaw)
    env = render_env(profile, variables(profile))
    checks = select([check])
    with Simulation(profile.bot.app, root=BOTS, env=env, hang_limit_s=HANG_LIMIT_S) as simulation:
        observed = observe(Stage(profile, simulation.connect, seed=seed), checks)
    (verdict,) = judge(observed, checks)
    return verdict


@pytest.mark.parametrize("check", ["webhook-signature", "queue-signature", "hostile-input"])
def test_guarded_bot__passes(check: str) -> None:
    verdict = judged(check)
    assert verdict.evidence == ()
    assert verdict.result == "passed"


def test_webhook_signature__counts_what_it_tried() -> None:
    verdict = judged("webhook-signature")
    assert verdict.expected == "6 forged refused with 4xx and without effect, 2 genuine accepted"
    assert verdict.observed == "6 of 6 forged refused, 2 of 2 genuine accepted"


def test_sha1__is_old_and_no_flaw() -> None:
    assert judged("webhook-signature", "sha1").result == "passed"


@pytest.mark.parametrize(
    ("flaw", "evidence"),
    [
        (
            "prefix",
            (
                "with half of the signature: answered 200, and caused: publish, send",
                "with an empty signature: answered 200, and caused: publish, send",
            ),
        ),
        (
            "if-signed",
            (
                "without a signature: answered 200, and caused: publish, send",
                "with nothing but a wrong SHA-1: answered 200, and caused: publish, send",
            ),
        ),
        (
            "rewritten",
            (r"rightly signed, with \u escapes and \/: answered 403, though it is genuine",),
        ),
        (
            "key-error",
            (
                f"without a signature: answered 500 ({KEY_ERROR}); refuse it with 401 or 403",
                f"with nothing but a wrong SHA-1: answered 500 ({KEY_ERROR}); "
                "refuse it with 401 or 403",
                f"with nothing but a right SHA-1: answered 500 ({KEY_ERROR}); "
                "refuse it with 401 or 403",
            ),
        ),
    ],
)
def test_webhook_signature__finds(flaw: str, evidence: tuple[str, ...]) -> None:
    verdict = judged("webhook-signature", flaw)
    assert verdict.result == "failed"
    assert verdict.evidence == evidence
    assert verdict.entries


def test_refusal_that_comes_after_the_effect__is_none() -> None:
    verdict = judged("webhook-signature", "late-look")
    assert verdict.observed == "0 of 6 forged refused, 2 of 2 genuine accepted"
    assert verdict.evidence[0] == "without a signature: answered 403, and caused: publish, send"


def test_forged_webhook_that_is_ignored__is_to_be_refused() -> None:
    verdict = judged("webhook-signature", "polite")
    assert verdict.evidence[0] == "without a signature: answered 200; refuse it with 401 or 403"
    assert verdict.evidence[-1] == "and 2 more"


def test_queue_signature__counts_what_it_tried() -> None:
    verdict = judged("queue-signature")
    assert verdict.expected == "7 forged refused with 4xx and without effect, 2 genuine accepted"
    assert verdict.observed == "7 of 7 forged refused, 2 of 2 genuine accepted"


@pytest.mark.parametrize(
    ("flaw", "evidence"),
    [
        (
            "one-key",
            ("signed with the next key, after a rotation: answered 401, though it is genuine",),
        ),
        ("any-address", ("with the token of another address: answered 200, and caused: send",)),
        ("any-time", ("with an expired token: answered 200, and caused: send",)),
        ("any-body", ("with one byte of the body altered: answered 200, and caused: send",)),
        (
            "any-algorithm",
            ("with a token that says it needs no signature: answered 200, and caused: send",),
        ),
    ],
)
def test_queue_signature__finds(flaw: str, evidence: tuple[str, ...]) -> None:
    verdict = judged("queue-signature", flaw)
    assert verdict.result == "failed"
    assert verdict.evidence == evidence


def test_server_error__is_no_refusal() -> None:
    verdict = judged("queue-signature", "server-error")
    assert verdict.observed == "0 of 7 forged refused, 2 of 2 genuine accepted"
    assert verdict.evidence[0] == "without a token: answered 500; refuse it with 401 or 403"


def test_queue_signature__needs_a_consumer_and_a_queue_message() -> None:
    certificate = certify(profile_of(consumer=None), root=BOTS, only=["queue-signature"])
    assert certificate.verdicts[0].why == "[bot] consumer in the profile: where the queue delivers"
    silent = load_profile(
        ROOT / "reference_bot" / "thrice.toml",
        app="reference_bot.broken.publish_after_response:app",
    )
    certificate = certify(silent, root=ROOT, only=["queue-signature"])
    assert certificate.verdicts[0].result == "not applicable"
    assert certificate.verdicts[0].why == "a queue message to alter: the bot published none"
    assert not certificate.certified


def test_hostile_input__shrinks_what_fails() -> None:
    verdict = judged("hostile-input", "brittle")
    assert verdict.result == "failed"
    shown = verdict.evidence[0]
    assert shown.startswith("webhook, ")
    assert ": answered 500 (TypeError: " in shown
    # The least there is around a mid that is no text.
    shortest = '{"entry":[{"messaging":[{"message":{"mid":null}}]}]}'
    assert len(shown.partition("): ")[2]) <= len(shortest) + 80


def test_hostile_input__finds_a_publish_because_of_nothing() -> None:
    verdict = judged("hostile-input", "eager")
    assert verdict.result == "failed"
    altered = 'entry[0].messaging[0].message = ""'
    assert verdict.evidence[0].endswith(f": answered 200, and caused: publish: {altered}")
    # Cut in the line, and whole in the record.
    (exhibit,) = verdict.exhibits
    assert exhibit.altered == altered
    assert json.loads(exhibit.body)["entry"][0]["messaging"][0]["message"] == ""
    assert exhibit.size_bytes == len(exhibit.body)
    assert verdict.observed == "failures at webhook, none at consumer"


def test_hostile_input__attacks_the_consumer_with_parts_of_its_own_messages() -> None:
    verdict = judged("hostile-input", "brittle-job")
    shown, together = verdict.evidence
    assert shown.startswith("consumer, one part altered, ")
    assert shown.partition("answered 500")[2].endswith(',"text":"hello"}')
    (exhibit,) = verdict.exhibits
    assert exhibit.error.startswith("TypeError: ")
    assert exhibit.error.rpartition(" at ")[2].startswith("tests/bots/guarded_bot.py:")
    assert f": answered 500 ({exhibit.error}): {exhibit.altered} in {{" in shown
    assert render_exhibit(exhibit).splitlines() == [
        f"{exhibit.root}: consumer, one part altered; {exhibit.altered}; {exhibit.error}",
        exhibit.body,
    ]
    assert together == "consumer, answered 500: one part altered"


def test_hostile_input__asks_for_an_ordinary_message_afterwards() -> None:
    verdict = judged("hostile-input", "upset")
    assert verdict.evidence == ("an ordinary message after them: 0 publishes, 0 replies",)
    assert verdict.expected == (
        "no body answered with 5xx or acted upon, and an ordinary message after them handled as "
        "before: 1 publish, 1 reply"
    )


def test_hostile_input__names_the_body_that_a_bot_never_came_back_from() -> None:
    verdict = judged("hostile-input", "endless")
    (line,) = verdict.evidence
    assert line.startswith("webhook, another type, 2 bytes: the bot held i")
    assert line.endswith(": []")


@pytest.mark.parametrize("flaw", ["", "brittle", "eager"])
def test_hostile_input__is_the_same_for_the_same_seed(flaw: str, tmp_path: Path) -> None:
    def once() -> str:
        only = ["hostile-input"]
        return json.dumps(certify(profile_of(flaw), root=BOTS, seed=3, only=only).as_dict())

    assert once() == once()


def test_hostile_input__is_replayed_along_its_choices() -> None:
    profile = profile_of("brittle")
    env = render_env(profile, variables(profile))
    checks = select(["hostile-input"])
    with Simulation(profile.bot.app, root=BOTS, env=env) as simulation:
        stage = Stage(profile, simulation.connect, seed=5)
        first = observe(stage, checks)
        run: Run = first.runs["hostile"][0]
        again = replay(stage, checks[0], run.name, run.record.choices)
    assert judge(first, checks) == judge(again, checks)

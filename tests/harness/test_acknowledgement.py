"""`ack-deadline` reads times off the journal, whatever clock they are of."""

from emulator.journal import Journal
from harness.checks.acknowledgement import ack_deadline
from harness.platforms import PlatformName
from harness.profile import Bot, Profile
from harness.scenarios.conversation import Conversation
from harness.scenarios.scenario import Record
from harness.verdict import Verdict

PROFILE = Profile(bot=Bot(app="bot:app"))
# As on a wall clock: no run begins at zero.
START = 84_211.25


def judged(
    *webhooks: tuple[str, str, float, int | str], platform: PlatformName = "messenger"
) -> Verdict:
    """The verdict on requests (name, kind, seconds until the answer, its status)."""
    journal = Journal()
    for number, (name, kind, took_s, status) in enumerate(webhooks):
        at = START + 60.0 * number
        sent = journal.note("delivery", name, time=at, detail={"kind": kind})
        journal.note("response", name, time=at + took_s, cause=sent, detail={"status": status})
    record = Record(tuple(journal.entries()), (), platform=platform)
    return ack_deadline(PROFILE, [Conversation("run", record, ())])


def test_webhook_answered_after_5_s__is_in_time() -> None:
    verdict = judged(("u0.w0", "user", 5.0, 200), ("u0.w1", "user", 0.125, 200))
    assert verdict.result == "passed"
    assert verdict.observed == "2 webhooks, 0 answered later, the slowest after 5.000 s"


def test_webhook_answered_later__fails_and_is_named() -> None:
    verdict = judged(
        ("u0.w0", "user", 0.5, 200), ("u1.w0'", "redelivery", 5.5, 200), ("u2.w0", "user", 20, 503)
    )
    assert verdict.result == "failed"
    assert verdict.expected == "every webhook answered within 5 s"
    assert verdict.observed == "3 webhooks, 2 answered later, the slowest after 20.000 s"
    assert verdict.evidence == (
        "u2.w0 was answered after 20.000 s",
        "u1.w0' was answered after 5.500 s",
        "hand what takes time to the queue, and answer the platform first",
    )
    assert verdict.entries == (4, 2)


def test_webhook_that_was_given_up__is_told() -> None:
    verdict = judged(("u0.w0", "user", 20.0, "timeout"))
    assert verdict.evidence[:2] == (
        "u0.w0 was given up after 20.000 s",
        "hand what takes time to the queue, and answer the platform first",
    )


def test_echoes_count__and_the_queue_may_wait() -> None:
    assert judged(("u0.w0.q0", "queue", 600.0, 200)).result == "passed"
    assert judged(("u0.w0.q0.r0.e0.w0", "echo", 6.0, 200)).result == "failed"


def test_webhook_of_instagram_that_is_cut_after_5_s__was_given_up() -> None:
    verdict = judged(("u0.w0", "user", 5.0, "timeout"), platform="instagram")
    assert verdict.result == "failed"
    assert verdict.evidence[0] == "u0.w0 was given up after 5.000 s"


def test_success_other_than_200__is_none_on_whatsapp() -> None:
    webhooks = (("u0.w0", "user", 0.5, 200), ("u1.w0", "user", 0.5, 202), ("u2.w0", "user", 1, 204))
    assert judged(*webhooks).result == "passed"
    assert judged(*webhooks, platform="instagram").result == "passed"
    verdict = judged(*webhooks, platform="whatsapp")
    assert verdict.result == "failed"
    assert verdict.expected == "every webhook answered within 5 s, with 200"
    assert verdict.observed == (
        "3 webhooks, 0 answered later, 2 with a success that is not 200, the slowest after 1.000 s"
    )
    assert verdict.evidence == (
        "u1.w0 was answered 202, which is a failure on whatsapp: it delivers again, for a week",
        "u2.w0 was answered 204, which is a failure on whatsapp: it delivers again, for a week",
        "answer 200, and nothing else",
    )


def test_refusal__is_for_other_checks_on_whatsapp_too() -> None:
    verdict = judged(("u0.w0", "user", 0.5, 503), ("u0.w1", "user", 0.5, 200), platform="whatsapp")
    assert verdict.result == "passed"
    assert verdict.observed == "2 webhooks, 0 answered later, the slowest after 0.500 s"

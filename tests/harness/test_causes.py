"""What a failure says of its cause: work behind the response, an exception, two steps."""

from pathlib import Path

import pytest

from harness.certificate import Certificate
from harness.certify import certify
from harness.profile import load_profile
from harness.verdict import Verdict

ROOT = Path(__file__).parents[2]
RAISES = '''
import os
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route


async def webhook(request):
    if request.method == "GET":
        return PlainTextResponse(request.query_params["hub.challenge"])
    raise LookupError("""no such thing
whatever it is""")


app = Starlette(routes=[Route("/api/messenger", webhook, methods=["GET", "POST"])])
'''


def certified(bot: str, *checks: str) -> Certificate:
    profile = load_profile(
        ROOT / "reference_bot" / "thrice.toml", app=f"reference_bot.broken.{bot}:app"
    )
    return certify(profile, root=ROOT, only=checks)


@pytest.fixture(scope="module")
def background() -> Certificate:
    return certified("background_task", "ten-rapid", "freeze-safe")


@pytest.fixture(scope="module")
def left_behind() -> Certificate:
    return certified("publish_after_response", "ten-rapid", "freeze-safe")


def of(certificate: Certificate, check: str) -> Verdict:
    return next(one for one in certificate.verdicts if one.check == check)


def test_late_calls__are_named_before_what_they_caused(background: Certificate) -> None:
    verdict = of(background, "ten-rapid")
    assert verdict.cause == "freeze-safe"
    assert verdict.evidence[0] == ("see freeze-safe: 27 calls of theirs arrived after the response")
    assert verdict.evidence[1].endswith(" was never published")
    assert of(background, "freeze-safe").cause == ""


def test_headline__says_where_to_start(background: Certificate) -> None:
    assert background.headline.startswith(
        "NOT certified, 2 of 2 checks failed, start with freeze-safe ("
    )


def test_background_task__is_known_as_part_of_the_application_call(
    background: Certificate,
) -> None:
    assert of(background, "freeze-safe").evidence[1] == (
        "27 calls came from the very application call that had responded, as background tasks do: "
        "a host that waits for it, Mangum on AWS Lambda for one, lets them happen; if yours does, "
        'say [host] kind = "vercel"'
    )


def test_task_that_nobody_awaits__is_not(left_behind: Certificate) -> None:
    evidence = of(left_behind, "freeze-safe").evidence
    assert len(evidence) == 6
    assert not any("Mangum" in line for line in evidence)


def test_services_in_trouble__are_not_taken_for_work_behind_the_response() -> None:
    verdict = of(certified("retry_storm", "queue-hangs"), "queue-hangs")
    assert verdict.cause == ""
    assert not any("freeze-safe" in line for line in verdict.evidence)


def test_check_then_set__counts_messages_and_names_the_way_out() -> None:
    verdict = of(certified("check_then_set", "ten-rapid"), "ten-rapid")
    first, *rest = verdict.evidence
    assert first.startswith('u0 "hello" ')
    assert sum(" was published " in line for line in verdict.evidence) == 5
    wrong = {line.split()[0] for line in verdict.evidence if " was published " in line}
    counted = next(line for line in rest if line.startswith("and "))
    assert counted == f"and {10 - len(wrong)} more"
    assert rest[-2].startswith("their webhooks made these calls to the store: ")
    assert rest[-1] == ("the way out: claim a message in one step, as docs/claim-once.md shows")
    assert (ROOT / "docs" / "claim-once.md").exists()


@pytest.mark.parametrize("kind", ["lambda", "vercel"])
def test_exception__is_shown_with_its_place(kind: str, tmp_path: Path) -> None:
    (tmp_path / "raises.py").write_text(RAISES)
    path = tmp_path / "thrice.toml"
    path.write_text(f'[bot]\napp = "raises:app"\n[host]\nkind = "{kind}"\n')
    certificate = certify(load_profile(path), root=tmp_path, only=["ten-rapid"])
    raised = [line for line in of(certificate, "ten-rapid").evidence if "raised" in line]
    (line,) = raised
    assert line.startswith("raised: LookupError: no such thing at raises.py:11, ")
    assert line.endswith(" times, first in u0.w0")

"""A bot that needs more than its platform, certified with `[[services]]`."""

from pathlib import Path

import pytest

from harness.certificate import Certificate
from harness.certify import certify
from harness.profile import load_profile

BOT = Path(__file__).parents[1] / "bots" / "fastapi_bot.py"
# Checks in which every consumer call is answered, on its first delivery and on later ones.
CHECKS = ("echo-safe", "late-duplicate", "consumer-retry")
ALL_PASSED = "certified, 3 of 3 checks (a selection of the checklist)"
CALL = """\
    completion = await client.post(
        "https://api.openai.com/v1/chat/completions", json={"model": "m", "input": text}
    )
    completion.raise_for_status()
    said = completion.json()["choices"][0]["message"]["content"]
"""
PROFILE = """
[bot]
app = "asking_bot:app"
webhook = "/hooks/facebook"
consumer = "/jobs/answer"
public_url = "https://shop.example.org"

[bot.env]
APP_SECRET = "{meta.app_secret}"
VERIFY = "{meta.verify_token}"
PAGE_TOKEN = "{meta.page_token}"
QSTASH_TOKEN = "{qstash.token}"
KEY_NOW = "{qstash.current_key}"
KEY_NEXT = "{qstash.next_key}"

[store]
dedup = "shops/one/seen"

"""
COMPLETION = '{ choices = [{ message = { content = "Good day" } }] }'


def certified(folder: Path, services: str) -> Certificate:
    """The certificate of a bot whose consumer asks a model for every answer."""
    text = BOT.read_text()
    sent = '"Thanks: " + text'
    assert text.count(sent) == 1
    code = text.replace(sent, "said").replace(
        "    sent = await client.post(\n", CALL + "    sent = await client.post(\n"
    )
    (folder / "asking_bot.py").write_text(code)
    path = folder / "thrice.toml"
    path.write_text(PROFILE + services)
    return certify(load_profile(path), root=folder, seed=3, only=CHECKS)


def test_declared_service__is_part_of_the_world(tmp_path: Path) -> None:
    (tmp_path / "completion.json").write_text('{"choices":[{"message":{"content":"Good day"}}]}')
    certificate = certified(
        tmp_path,
        """
        [[services]]
        host = "api.openai.com"
        method = "POST"
        path = "/v1/*"
        body = "completion.json"
        latency_s = 0.8
        """,
    )

    assert certificate.problems == ()
    assert certificate.headline == ALL_PASSED


@pytest.mark.parametrize(
    "first", ["status = 503", 'fault = "reset"', 'fault = "timeout"', "json = {}"]
)
def test_service_that_fails_at_first__is_asked_again_by_the_queue(
    tmp_path: Path, first: str
) -> None:
    certificate = certified(
        tmp_path,
        f"""
        [[services]]
        host = "api.openai.com"
        answers = [{{ {first} }}, {{ json = {COMPLETION} }}]
        """,
    )

    assert certificate.headline == ALL_PASSED


def test_undeclared_service__fails_the_certificate(tmp_path: Path) -> None:
    certificate = certified(tmp_path, "")

    assert not certificate.certified
    assert certificate.problems[0].startswith("api.openai.com is not part of the world (")


def test_undeclared_path__fails_the_certificate(tmp_path: Path) -> None:
    certificate = certified(
        tmp_path,
        """
        [[services]]
        host = "*.openai.com"
        method = "POST"
        path = "/v1/responses"
        """,
    )

    assert not certificate.certified
    assert certificate.problems[0].startswith(
        "api.openai.com does not serve this: "
        "POST /v1/chat/completions (declared: POST /v1/responses) ("
    )

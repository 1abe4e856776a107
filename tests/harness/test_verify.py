import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from harness.certificate import Certificate
from harness.errors import UsageError
from harness.identity import Identity
from harness.profile import Bot, Profile
from harness.report import render_json
from harness.verify import Claims, differences, read_claims
from tests.harness._certificates import DIGEST, LAST_DAY, certificate, verdict, waiver

PROFILE = Profile(bot=Bot(app="mybot.main:app"))
SOURCE = Identity(digest=DIGEST, files=3)
GOOD = replace(certificate(verdict("no-loop")), profile_digest=PROFILE.digest())


def claims_of(one: Certificate, folder: Path, **changes: Any) -> Claims:
    path = folder / "c.json"
    path.write_text(json.dumps({**json.loads(render_json(one)), **changes}))
    return read_claims(path)


def found(
    claims: Claims,
    *,
    source: Identity = SOURCE,
    profile: Profile = PROFILE,
    version: str = "1.2.3",
    today: date = LAST_DAY,
) -> list[str]:
    return differences(claims, source=source, profile=profile, version=version, today=today)


def test_certificate_of_this_state__holds(tmp_path: Path) -> None:
    assert found(claims_of(GOOD, tmp_path)) == []


def test_commit__does_not_decide(tmp_path: Path) -> None:
    other = replace(SOURCE, commit="cd" * 20, dirty=False)
    assert found(claims_of(GOOD, tmp_path), source=other) == []


def test_other_source__is_named(tmp_path: Path) -> None:
    other = Identity(digest="1e" * 32, files=4)
    assert found(claims_of(GOOD, tmp_path), source=other) == [
        "the source differs: certified commit abababababab with changes, "
        "source 0f0f0f0f0f0f (3 files); here source 1e1e1e1e1e1e (4 files)"
    ]


def test_no_source_here__is_no_match(tmp_path: Path) -> None:
    empty = Identity(digest=DIGEST, files=0)
    assert found(claims_of(GOOD, tmp_path), source=empty) == [
        "there is no source file here; run it in the folder of the bot"
    ]


def test_other_profile_bot_or_version__is_named(tmp_path: Path) -> None:
    claims = claims_of(GOOD, tmp_path)
    other = replace(PROFILE, store=None)
    assert found(claims, profile=other) == [
        f"the profile differs: certified {PROFILE.digest()[:12]}; here {other.digest()[:12]}"
    ]
    assert found(claims, profile=Profile(bot=Bot(app="other:app"))) == [
        "the bot differs: certified mybot.main:app; here other:app"
    ]
    assert found(claims, version="1.3.0") == ["thrice differs: certified by 1.2.3; here is 1.3.0"]


def test_refusal__does_not_certify(tmp_path: Path) -> None:
    bad = replace(GOOD, verdicts=(verdict("no-loop", "failed"),))
    assert found(claims_of(bad, tmp_path)) == [
        "it does not certify: NOT certified, 1 of 1 checks failed"
    ]


def test_certificate_that_contradicts_itself__is_found_out(tmp_path: Path) -> None:
    bad = replace(GOOD, verdicts=(verdict("no-loop", "failed"),))
    assert found(claims_of(bad, tmp_path, certified=True)) == [
        "it contradicts itself: it certifies, and fails no-loop"
    ]
    assert found(claims_of(GOOD, tmp_path, verdicts=[])) == [
        "it contradicts itself: it certifies, and judged nothing"
    ]


def test_waiver__ends_the_certificate_with_its_last_day(tmp_path: Path) -> None:
    one = waiver("no-loop")
    waived = replace(GOOD, verdicts=(verdict("no-loop", "failed", waiver=one),), waivers=(one,))
    claims = claims_of(waived, tmp_path)
    assert found(claims, today=LAST_DAY) == []
    assert found(claims, today=LAST_DAY + timedelta(days=1)) == [
        "the waiver of no-loop is over, its last day was 2027-01-31"
    ]


def test_waiver_that_was_not_needed__ends_nothing(tmp_path: Path) -> None:
    one = waiver("no-loop")
    unused = replace(GOOD, verdicts=(verdict("no-loop", waiver=one),), waivers=(one,))
    assert found(claims_of(unused, tmp_path), today=LAST_DAY + timedelta(days=1)) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", r"^c\.json is not a certificate: "),
        ("[" * 100_000, r"^c\.json is not a certificate: "),
        ("[]", r"^c\.json is not a certificate of the schema thrice-certificate-1; certify again"),
        (
            '{"schema": "thrice-certificate-9"}',
            r"^c\.json is not a certificate of the schema thrice-certificate-1; certify again",
        ),
        (
            '{"schema": "thrice-certificate-1"}',
            r"^c\.json is not a whole certificate \(KeyError: 'source'\); certify again$",
        ),
        (
            '{"schema": "thrice-certificate-1", "source": 5, "headline": ""}',
            r"^c\.json is not a whole certificate \(",
        ),
    ],
)
def test_file_that_is_no_certificate__is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("c.json").write_text(text)
    with pytest.raises(UsageError, match=message):
        read_claims(Path("c.json"))


def test_file_that_is_not_there__says_what_writes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    message = r"^c\.json: No such file or directory; thrice certify --json c\.json writes it$"
    with pytest.raises(UsageError, match=message):
        read_claims(Path("c.json"))

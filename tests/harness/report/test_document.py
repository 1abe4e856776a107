import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from harness.certificate import SCHEMA, Certificate
from harness.certify import certify
from harness.profile import load_profile
from harness.report import render_json
from harness.verdict import Exhibit
from tests.harness._certificates import EVERYTHING, WITH_NOTES, certificate, verdict, waiver

ROOT = Path(__file__).parents[3]
SCHEMA_FILE = ROOT / "harness" / "report" / "certificate.schema.json"


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    schema = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(
        schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )


def problems(validator: jsonschema.Draft202012Validator, one: Certificate) -> list[str]:
    return [error.message for error in validator.iter_errors(json.loads(render_json(one)))]


def test_schema__holds_for_every_standing(validator: jsonschema.Draft202012Validator) -> None:
    assert problems(validator, EVERYTHING) == []
    assert problems(validator, certificate()) == []


def test_schema__holds_for_several_platforms(validator: jsonschema.Draft202012Validator) -> None:
    of_one = replace(waiver("no-loop"), platforms=("whatsapp",))
    verdicts = [replace(verdict("no-loop"), platform="whatsapp"), verdict("queue-signature")]
    several = replace(
        certificate(*verdicts, waivers=[of_one]), platforms=("whatsapp",), tells_platforms=True
    )
    assert problems(validator, several) == []
    elsewhere = replace(several, verdicts=(replace(verdicts[0], platform="telegram"),))
    assert problems(validator, elsewhere) != []


def test_schema__holds_for_a_cause_and_exhibits(
    validator: jsonschema.Draft202012Validator,
) -> None:
    exhibit = Exhibit(
        root="u7", what="webhook", altered="entry = 0", error="", size_bytes=11, body='{"entry":0}'
    )
    failed = replace(verdict("hostile-input", "failed"), cause="freeze-safe", exhibits=(exhibit,))
    assert problems(validator, certificate(failed)) == []
    (written,) = json.loads(render_json(certificate(failed)))["verdicts"]
    assert (written["cause"], written["exhibits"]) == ("freeze-safe", [asdict(exhibit)])


@pytest.mark.parametrize("app", ["reference_bot.app:app", "reference_bot.broken.incident:app"])
def test_schema__holds_for_a_real_certificate(
    validator: jsonschema.Draft202012Validator, app: str
) -> None:
    profile = load_profile(ROOT / "reference_bot" / "thrice.toml", app=app)
    found = certify(profile, root=ROOT, only=["ten-rapid", "no-loop", "handshake"])
    assert found.growth is not None
    assert problems(validator, found) == []


def test_schema__refuses_what_it_does_not_describe(
    validator: jsonschema.Draft202012Validator,
) -> None:
    content = json.loads(render_json(EVERYTHING))
    assert not validator.is_valid({**content, "mood": "good"})
    assert not validator.is_valid({key: content[key] for key in content if key != "source"})


def test_schema__has_the_version_in_its_name() -> None:
    schema: dict[str, Any] = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    assert schema["$id"] == schema["properties"]["schema"]["const"] == SCHEMA


def test_first_key__is_the_headline() -> None:
    assert render_json(EVERYTHING).splitlines()[1] == f'  "headline": "{EVERYTHING.headline}",'


def test_counts__are_those_of_the_standings() -> None:
    assert json.loads(render_json(EVERYTHING))["counts"] == {
        "checks": 8,
        "passed": 2,
        "failed": 2,
        "waived": 1,
        "noted": 1,
        "not_applicable": 1,
        "required_but_absent": 1,
        "problems": 1,
    }


def test_half_a_surrogate_pair__survives() -> None:
    one = certificate(verdict("one-reply", "failed", observed="\ud83d"))
    text = render_json(one).encode("utf-8", "backslashreplace")
    assert json.loads(text)["verdicts"][0]["observed"] == "\ud83d"


def test_notes__are_a_list(validator: jsonschema.Draft202012Validator) -> None:
    assert problems(validator, WITH_NOTES) == []
    verdicts = json.loads(render_json(WITH_NOTES))["verdicts"]
    assert [one["notes"] for one in verdicts] == [["answered twice", "and | thrice"], []]

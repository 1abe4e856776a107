"""The kind of queue in profiles, options, templates, traces and budgets."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from emulator import World
from emulator.cloudtasks import QUEUE
from emulator.exchange import Request
from harness.checks.budget import plan_budget
from harness.cli import main
from harness.errors import ProfileError
from harness.forecast import Forecast
from harness.live import environment_of, not_told, ports_of
from harness.profile import Budget, Profile, Queue, load_profile
from harness.profile_env import DEFAULT_ENV, default_env
from harness.queue_kinds import QUEUE_KINDS
from harness.queues import QUEUES
from harness.scenarios.rapid import Count, Rapid
from harness.scenarios.scenario import Record
from harness.stage import services_of, variables
from harness.trace import Trace, load_trace
from tests.harness._limits import written

ROOT = Path(__file__).parents[2]
TASKS = ROOT / "reference_bot" / "cloudtasks.toml"

# A bot that takes everything and does nothing.
SILENT = """
async def app(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"ok"})
"""


def profile_of(folder: Path, text: str, **options: Any) -> Profile:
    path = folder / "thrice.toml"
    path.write_text("[bot]\napp = 'mybot:app'\n" + text)
    return load_profile(path, start=folder, **options)


# -- profiles --------------------------------------------------------------------------------------


def test_kind__is_qstash_when_nothing_is_said(tmp_path: Path) -> None:
    assert profile_of(tmp_path, "").queue == Queue(kind="qstash")


def test_kind__as_the_profile_says(tmp_path: Path) -> None:
    profile = profile_of(tmp_path, '[queue]\nkind = "cloudtasks"\n')
    assert profile.queue.kind == "cloudtasks"
    assert profile.bot.env == default_env(queue="cloudtasks")


def test_kind__unknown(tmp_path: Path) -> None:
    with pytest.raises(ProfileError) as caught:
        profile_of(tmp_path, '[queue]\nkind = "cloud-tasks"\n')
    known = ", ".join(f'"{kind}"' for kind in QUEUE_KINDS)
    assert str(caught.value) == (
        f'{tmp_path}/thrice.toml: [queue] kind: "cloud-tasks" is unknown, '
        'did you mean "cloudtasks"?\n'
        f'  known: {known}\n  for example: kind = "qstash"'
    )


def test_option__takes_the_place_of_the_profile(tmp_path: Path) -> None:
    assert profile_of(tmp_path, "", queue="cloudtasks").queue.kind == "cloudtasks"
    profile = profile_of(tmp_path, '[queue]\nkind = "cloudtasks"\n', queue="qstash")
    assert profile.queue.kind == "qstash"
    assert profile.bot.env == DEFAULT_ENV


def test_option__without_a_profile_names_what_the_bot_needs(tmp_path: Path) -> None:
    profile = load_profile(None, app="a:b", start=tmp_path, queue="cloudtasks")
    assert profile.queue.kind == "cloudtasks"
    assert "{cloudtasks.queue}" in profile.bot.env.values()
    assert not [text for text in profile.bot.env.values() if "{qstash." in text]


def test_digest__tells_the_queue_and_else_nothing_new(tmp_path: Path) -> None:
    plain = profile_of(tmp_path, "[plan]\nmessages_per_month = 1\n")
    assert plain.digest() == replace(plain, queue=Queue()).digest()
    assert plain.plan is not None
    other_plan = replace(plain, plan=replace(plain.plan, cloudtasks="paid"))
    assert plain.digest() == other_plan.digest()
    tasks = replace(plain, queue=Queue(kind="cloudtasks"))
    assert plain.digest() != tasks.digest() != replace(tasks, plan=other_plan.plan).digest()


@pytest.mark.parametrize("kind", QUEUE_KINDS)
def test_every_kind_is_known_throughout(kind: Any) -> None:
    rules = QUEUES[kind]
    with World(_nothing, queue=kind) as world:
        assert world.queue.name == rules.service
        assert world.queue.claims(Request("GET", rules.origin))
        assert rules.ledger(world).waiting == 0


def _nothing(kernel: object, gate: object) -> Any:
    class Driver:
        host = None

        def close(self) -> None:
            """There is nothing to close."""

    return Driver()


# -- what a world gives ----------------------------------------------------------------------------


def test_variables__lead_to_the_real_addresses() -> None:
    given = variables(load_profile(TASKS))
    assert given["cloudtasks.url"] == "https://cloudtasks.googleapis.com"
    assert given["cloudtasks.certs_url"] == "https://www.googleapis.com/oauth2/v3/certs"
    assert given["cloudtasks.queue"] == QUEUE
    parts = [given[f"cloudtasks.{part}"] for part in ("project", "location", "queue_id")]
    assert "projects/{}/locations/{}/queues/{}".format(*parts) == QUEUE
    assert json.loads(given["google.account"])["client_email"] == given["cloudtasks.account"]


def test_variables__of_a_bot_that_is_led_to_an_address() -> None:
    given = variables(
        load_profile(TASKS), {"https://cloudtasks.googleapis.com": "http://127.0.0.1:8080"}
    )
    assert given["cloudtasks.url"] == "http://127.0.0.1:8080"
    # It has no other way to Google.
    assert given["cloudtasks.certs_url"] == "http://127.0.0.1:8080/oauth2/v3/certs"


def test_account_file__is_made_for_those_who_name_it() -> None:
    profile = load_profile(TASKS)
    assert variables(profile)["google.account_file"] == ""
    env = {"GOOGLE_APPLICATION_CREDENTIALS": "{google.account_file}"}
    profile = replace(profile, bot=replace(profile.bot, env=env))
    path = variables(profile)["google.account_file"]
    assert json.loads(Path(path).read_text())["type"] == "service_account"
    assert Path(path).stat().st_mode & 0o077 == 0


def test_services__are_those_that_the_environment_names() -> None:
    assert "https://cloudtasks.googleapis.com" in services_of(load_profile(TASKS))
    usual = load_profile(ROOT / "reference_bot" / "thrice.toml")
    assert "https://cloudtasks.googleapis.com" not in services_of(usual)


def test_bot_started_by_hand__finds_the_queue_of_its_kind() -> None:
    profile = load_profile(TASKS, url="http://127.0.0.1:3000")
    ports = ports_of(profile)
    assert list(ports) == [
        "https://cloudtasks.googleapis.com",
        "https://graph.facebook.com",
        "https://firestore.googleapis.com",
        "https://my-bot.example.com",
    ]
    assert environment_of(profile, ports)["CLOUD_TASKS_URL"] == "http://127.0.0.1:8080"
    assert not_told(profile) == []
    bare = replace(profile, bot=replace(profile.bot, env={}))
    assert "cloudtasks.url" in not_told(bare)


def test_world__has_cloud_tasks_only_when_it_is_asked_for() -> None:
    tasks = Request("GET", QUEUES["cloudtasks"].origin)
    for kind, there in (("qstash", False), ("cloudtasks", True)):
        with World(_nothing, queue=kind) as world:  # type: ignore[arg-type]
            found = world.gate._service_for(tasks)
            assert (found is not None) is there


# -- the command -----------------------------------------------------------------------------------


def test_command__judges_with_the_queue_that_it_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    app = ["--app", "reference_bot.app:create_app(http)"]
    only = ["--only", "queue-429"]
    assert main(["certify", *app, "--queue", "cloudtasks", *only, "--json", "-"]) == 0
    (verdict,) = json.loads(capsys.readouterr().out)["verdicts"]
    assert verdict["observed"].startswith("4 messages, 4 publishes, 4 replies; ")


def test_verify__has_to_be_told_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "silent.py").write_text(SILENT)
    app = ["--app", "silent:app"]
    only = ["--only", "no-loop", "--json", "certificate.json"]
    assert main(["certify", *app, "--queue", "cloudtasks", *only]) == 0
    assert main(["verify", "certificate.json", *app, "--queue", "cloudtasks"]) == 0
    capsys.readouterr()
    assert main(["verify", "certificate.json", *app]) == 1
    assert "does NOT hold: the profile differs: " in capsys.readouterr().out


def test_command__knows_no_other_queue(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["certify", "--queue", "pigeon"])
    assert "argument --queue: invalid choice: 'pigeon'" in capsys.readouterr().err


def test_serve__says_that_it_has_qstash_only(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--profile", str(TASKS), "--url", "http://127.0.0.1:1"]) == 2
    assert capsys.readouterr().err == (
        'thrice: thrice serve has qstash only, and the profile says [queue] kind = "cloudtasks"; '
        "certify judges a bot that uses it\n"
    )


def test_trace__keeps_the_queue(tmp_path: Path) -> None:
    trace = Trace(
        check="one-reply",
        app="a:b",
        profile="",
        profile_digest="0",
        seed=1,
        scenario="rapid",
        run="at-once",
        choices=(),
        verdict={},
        queue="cloudtasks",
    )
    assert load_trace(trace.save(tmp_path)).queue == "cloudtasks"


# -- what it costs ---------------------------------------------------------------------------------


def verdict_of(billed: int, messages_per_month: int, plan: str = "free") -> Any:
    """On ten messages for which so many operations are billed."""
    count = Count(at=1.0, publishes=10, deliveries=0, records=0)
    run = Rapid(
        name="at-once",
        record=Record((), ()),
        messages=written(*[0.0] * 10),
        tallies={},
        records=(),
        events=(),
        dead=(),
        waiting=0,
        settled=count,
        day=count,
        week=count,
        pending=(),
        cut=frozenset(),
        cold_starts=0,
        billed=billed,
    )
    budget = Budget(messages_per_month=messages_per_month, cloudtasks=plan)
    profile = replace(load_profile(TASKS), plan=budget)
    return plan_budget(profile, [run])


def test_budget__counts_operations_by_the_month() -> None:
    verdict = verdict_of(billed=25, messages_per_month=300)
    assert verdict.result == "passed"
    assert verdict.expected == "fits the plan free, 1,000,000 a month"
    assert verdict.observed == (
        "300 messages a month, 2.50 operations each: 750 a month; the limit is reached in a month "
        "of 400,000 messages"
    )


def test_budget__that_is_exceeded_tells_the_day() -> None:
    verdict = verdict_of(billed=20, messages_per_month=1_000_000)
    assert (verdict.result, verdict.severity) == ("failed", "note")
    assert verdict.evidence == (
        "spread evenly, what is free in a month is gone on day 15; the rest is paid for",
    )


def test_budget__that_is_paid_for_has_no_limit() -> None:
    verdict = verdict_of(billed=20, messages_per_month=1_000_000, plan="paid")
    assert verdict.result == "passed"
    assert verdict.expected == "fits the plan paid, unlimited"


def test_forecast__of_a_month() -> None:
    forecast = Forecast(messages=600_000, each=2.0, limit=1_000_000, days=30)
    assert not forecast.fits
    assert forecast.used_up_on == 25
    assert forecast.fatal_messages == 500_000

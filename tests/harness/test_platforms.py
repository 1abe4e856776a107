"""A bot on several platforms: what its profile says of them, where it is judged, and what waivers
and traces make of that.
"""

import json
import re
from datetime import date
from pathlib import Path

import pytest

from emulator.meta.platform import PlatformName as EmulatedName
from harness.certify import certify
from harness.errors import ProfileError, UsageError
from harness.explore.budget import BUDGETS, STANDARD, Budget
from harness.platforms import PLATFORMS, PlatformName, in_order, listed
from harness.playing import play
from harness.profile import Bot, Profile, load_profile, platforms_of
from harness.profile_env import DEFAULT_ENV, default_env
from harness.scenarios.limits import redelivered_within_s
from harness.scenarios.scenario import Run, Scenario
from harness.stage import Stage, variables
from harness.template import VARIABLES, names_in
from harness.verdict import Verdict, settle
from harness.waivers import Waiver
from tests.harness._command import thrice

ROOT = Path(__file__).parents[2]
APP = 'app = "mybot.main:app"'
ALL: tuple[PlatformName, ...] = ("messenger", "instagram", "whatsapp")
EXAMPLE = 'platforms = ["messenger", "whatsapp"]'


def profile_of(folder: Path, *lines: str, platforms: tuple[PlatformName, ...] = ()) -> Profile:
    (folder / "thrice.toml").write_text("\n".join(["[bot]", APP, *lines]), encoding="utf-8")
    return load_profile(None, start=folder, platforms=platforms)


def exactly(message: str) -> str:
    return f"^{re.escape(message)}$"


# -- the profile -----------------------------------------------------------------------------------


def test_platforms__are_those_that_the_emulator_knows() -> None:
    assert PlatformName == EmulatedName
    assert in_order(["whatsapp", "messenger", "whatsapp"]) == ("messenger", "whatsapp")
    assert listed(PLATFORMS) == "messenger, instagram and whatsapp"
    assert listed(["whatsapp"]) == "whatsapp"


def test_profile__is_about_messenger_unless_it_says_more(tmp_path: Path) -> None:
    assert profile_of(tmp_path).bot.platforms == ("messenger",)
    profile = profile_of(tmp_path, 'platforms = ["whatsapp", "messenger"]')
    assert profile.bot.platforms == ("messenger", "whatsapp")


def test_webhook__is_one_for_all_but_for_those_with_their_own(tmp_path: Path) -> None:
    bot = profile_of(
        tmp_path,
        f"platforms = {list(ALL)}",
        'webhook = "/api/meta"',
        'webhooks = { whatsapp = "/api/whatsapp" }',
    ).bot
    assert [bot.webhook_of(platform) for platform in ALL] == [
        "/api/meta",
        "/api/meta",
        "/api/whatsapp",
    ]


@pytest.mark.parametrize(
    ("line", "message", "example"),
    [
        (
            "platforms = []",
            "platforms: has to be an array of platforms, with one at least",
            EXAMPLE,
        ),
        (
            'platforms = "whatsapp"',
            "platforms: has to be an array of platforms, with one at least",
            EXAMPLE,
        ),
        (
            'platforms = ["whatsap"]',
            'platforms: "whatsap" is unknown, did you mean "whatsapp"?\n'
            '  known: "messenger", "instagram", "whatsapp"',
            EXAMPLE,
        ),
        (
            'platforms = ["whatsapp", "whatsapp"]',
            "platforms: names a platform twice",
            EXAMPLE,
        ),
        (
            'webhooks = "/api/whatsapp"',
            "webhooks: has to be a table of platforms and routes, not a string",
            'webhooks = { whatsapp = "/api/whatsapp" }',
        ),
        (
            'webhooks = { messenger = "api" }',
            'webhooks: "api" has to begin with "/"',
            'webhooks = { whatsapp = "/api/whatsapp" }',
        ),
        (
            'webhooks = { whatsapp = "/api/whatsapp" }',
            'webhooks: whatsapp is none of the platforms, which are "messenger"',
            EXAMPLE,
        ),
    ],
)
def test_mistake__is_refused(tmp_path: Path, line: str, message: str, example: str) -> None:
    wanted = f"thrice.toml: [bot] {message}\n  for example: {example}"
    with pytest.raises(ProfileError, match=exactly(wanted)):
        profile_of(tmp_path, line)


def test_option__has_to_be_among_what_the_profile_names(tmp_path: Path) -> None:
    line = 'platforms = ["messenger", "instagram"]'
    assert profile_of(tmp_path, line, platforms=("instagram",)).bot.platforms == ALL[:2]
    wanted = (
        "thrice.toml: [bot] platforms: does not name whatsapp, which --platform does\n"
        '  for example: platforms = ["messenger", "instagram", "whatsapp"]'
    )
    with pytest.raises(ProfileError, match=exactly(wanted)):
        profile_of(tmp_path, line, platforms=("whatsapp",))


def test_option__says_where_a_bot_without_a_profile_is(tmp_path: Path) -> None:
    profile = load_profile(None, app="a:b", start=tmp_path, platforms=("whatsapp", "messenger"))
    assert profile.bot.platforms == ("messenger", "whatsapp")
    assert profile.bot.env == default_env(("messenger", "whatsapp"))


def test_digest__of_a_bot_on_messenger_alone_is_what_it_was_before_there_were_others() -> None:
    # Certificates that were made then are compared with it.
    digests = {
        "8cbe8f11b640595262868c2b9ba972095f1f05220bf68cb7dce331ee2e294c30": Profile(
            bot=Bot(app="mybot.main:app")
        ),
        "0bd7c4dc2104c3d3709ebba9a99a680e2295951267475f08419531f3a2d7e965": load_profile(
            ROOT / "reference_bot" / "thrice.toml"
        ),
    }
    assert {digest: profile.digest() for digest, profile in digests.items()} == {
        digest: digest for digest in digests
    }


def test_digest__changes_with_platforms_routes_and_where_a_waiver_counts(tmp_path: Path) -> None:
    both = 'platforms = ["messenger", "whatsapp"]'
    waive = '[waive]\nno-loop = {{ reason = "x", until = 2027-01-31{} }}'
    texts: list[list[str]] = [
        [],
        [both],
        [both, 'webhooks = { whatsapp = "/api/whatsapp" }'],
        [both, waive.format("")],
        [both, waive.format(', platforms = ["whatsapp"]')],
    ]
    assert len({profile_of(tmp_path, *lines).digest() for lines in texts}) == len(texts)


def test_environment__holds_the_names_of_each_platforms_samples() -> None:
    assert default_env() == DEFAULT_ENV
    everywhere = default_env(ALL)
    assert DEFAULT_ENV.items() <= everywhere.items()
    assert everywhere["WHATSAPP_TOKEN"] == everywhere["CLOUD_API_ACCESS_TOKEN"]
    assert everywhere["INSTAGRAM_TOKEN"] == "{instagram.token}"
    assert "FB_PAGE_TOKEN" not in default_env(ALL[2:])
    assert default_env(ALL[1:])["PAGE_ACCESS_TOKEN"] == "{instagram.token}"


def test_environment__needs_no_more_than_a_world_gives() -> None:
    profile = Profile(bot=Bot(app="a:b"))
    given = variables(profile)
    assert set(given) == set(VARIABLES)
    assert {name for text in default_env(ALL).values() for name in names_in(text)} <= set(given)
    secrets = [given[f"{name}.token"] for name in ("instagram", "whatsapp")]
    assert len({*secrets, given["meta.page_token"]}) == 3


def test_platforms_of__are_all_or_the_wanted_ones() -> None:
    profile = Profile(bot=Bot(app="a:b", platforms=("messenger", "whatsapp")))
    assert platforms_of(profile) == ("messenger", "whatsapp")
    assert platforms_of(profile, ["whatsapp"]) == ("whatsapp",)
    wanted = "the bot is not on instagram, its profile names messenger and whatsapp"
    with pytest.raises(UsageError, match=exactly(wanted)):
        platforms_of(profile, ["instagram"])


# -- waivers ---------------------------------------------------------------------------------------


def verdict(platform: str) -> Verdict:
    return Verdict(check="no-loop", result="failed", expected="", observed="", platform=platform)


@pytest.mark.parametrize(
    ("platforms", "waived"),
    [
        ((), ["messenger", "whatsapp", ""]),
        (("whatsapp",), ["whatsapp", ""]),
        (("messenger", "whatsapp"), ["messenger", "whatsapp", ""]),
    ],
)
def test_waiver__counts_where_it_says(platforms: tuple[str, ...], waived: list[str]) -> None:
    waiver = Waiver(check="no-loop", reason="x", until=date(2027, 1, 31), platforms=platforms)
    verdicts = [verdict(name) for name in ("messenger", "whatsapp", "")]
    settled = settle(verdicts, waivers=[waiver], today=date(2027, 1, 1))
    assert [one.platform for one in settled if one.standing == "waived"] == waived


def test_waiver__is_refused_for_a_platform_that_the_bot_is_not_on(tmp_path: Path) -> None:
    waive = 'no-loop = { reason = "x", until = 2027-01-31, platforms = ["whatsapp"] }'
    wanted = (
        'thrice.toml: [waive] "no-loop" platforms: the bot is not on whatsapp, but on messenger\n'
        '  for example: platforms = ["messenger"]'
    )
    with pytest.raises(ProfileError, match=exactly(wanted)):
        profile_of(tmp_path, "[waive]", waive)


# -- the command -----------------------------------------------------------------------------------


def command_in(folder: Path) -> Path:
    """A folder with the reference bot, and a profile for two of its platforms."""
    (folder / "reference_bot").symlink_to(ROOT / "reference_bot")
    text = (ROOT / "reference_bot" / "everywhere.toml").read_text()
    named = f"platforms = {list(ALL)}".replace("'", '"')
    assert named in text
    text = text.replace(named, 'platforms = ["messenger", "whatsapp"]')
    (folder / "thrice.toml").write_text(text)
    return folder


def test_certificate__is_of_all_platforms_that_the_profile_names(tmp_path: Path) -> None:
    folder = command_in(tmp_path)
    selected = ("--only", "handshake", "--only", "queue-signature")
    run = thrice("certify", *selected, "--json", "c.json", cwd=folder)
    assert run.returncode == 0, run.stdout
    written = json.loads((folder / "c.json").read_text())
    judged = [(verdict["check"], verdict["platform"]) for verdict in written["verdicts"]]
    assert judged == [
        ("handshake", "messenger"),
        ("handshake", "whatsapp"),
        ("queue-signature", None),
    ]
    held = thrice("verify", "c.json", cwd=folder)
    assert held.returncode == 0, held.stdout


def test_failure__is_replayed_on_its_platform(tmp_path: Path) -> None:
    folder = command_in(tmp_path)
    app = ("--app", "reference_bot.broken.whatsapp_day_long_records:app")
    run = thrice("certify", *app, "--only", "late-duplicate", cwd=folder)
    assert run.returncode == 1
    head, _, after = run.stdout.partition("  on whatsapp\n")
    assert "  late-duplicate  passed" in head
    assert "  late-duplicate  FAILED" in after
    trace = ".thrice/late-duplicate-whatsapp-1.json"
    assert f"replay: thrice replay {trace}" in after
    replayed = thrice("replay", trace, cwd=folder)
    assert replayed.returncode == 1
    last = replayed.stdout.splitlines()[-1]
    assert last == "late-duplicate on whatsapp FAILED again, the same run"


def test_option__chooses_platforms_of_a_bot_without_a_profile(tmp_path: Path) -> None:
    (tmp_path / "reference_bot").symlink_to(ROOT / "reference_bot")
    app = ("--app", "reference_bot.app:app")
    where = ("--platform", "whatsapp,instagram", "--platform", "whatsapp")
    run = thrice("certify", *app, *where, "--only", "handshake", "--json", "c.json", cwd=tmp_path)
    headline = "certified on instagram and whatsapp, 2 of 2 checks (a selection of the checklist)"
    assert run.stdout.splitlines()[0] == f"reference_bot.app:app: {headline}"
    assert thrice("verify", "c.json", cwd=tmp_path).returncode == 0
    assert thrice("verify", "c.json", *app, cwd=tmp_path).returncode == 0


def test_option__of_an_unknown_platform_exits_2(tmp_path: Path) -> None:
    run = thrice("certify", "--app", "a:b", "--platform", "telegram", cwd=tmp_path)
    assert run.returncode == 2
    wanted = '"telegram" is no platform; there are messenger, instagram, whatsapp'
    assert wanted in run.stderr


# -- how far each is searched ----------------------------------------------------------------------


def test_budget__is_less_on_a_further_platform_unless_it_is_complete() -> None:
    assert BUDGETS["standard"].preemptions == 2
    assert BUDGETS["standard"].further == BUDGETS["standard"].live
    assert BUDGETS["standard"].further.preemptions == 1
    assert BUDGETS["deep"].further == BUDGETS["deep"]


def test_certificate__searches_furthest_on_the_first_platform(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[tuple[str, Budget]] = []

    def watched(stage: Stage, scenario: Scenario) -> tuple[Run, ...]:
        seen.append((stage.platform, stage.budget))
        return play(stage, scenario)

    monkeypatch.setattr("harness.playing.play", watched)
    profile = load_profile(ROOT / "reference_bot" / "everywhere.toml")
    certify(profile, root=ROOT, only=["handshake"], platforms=["whatsapp", "instagram"])
    assert seen == [("instagram", STANDARD), ("whatsapp", STANDARD.further)]


@pytest.mark.parametrize(
    ("platform", "after_s", "within_s"),
    [("messenger", 4_300.0, 600.0), ("instagram", 4_300.0, 600.0), ("whatsapp", 4_300.0, 3_840.0)],
)
def test_breaker__gives_a_platform_the_time_until_it_comes_again(
    platform: PlatformName, after_s: float, within_s: float
) -> None:
    assert redelivered_within_s(platform, after_s) == within_s

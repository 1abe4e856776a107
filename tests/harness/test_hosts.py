"""The same bot on each kind of host: what its verdicts depend on, proved both ways."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from harness.certificate import Certificate
from harness.certify import certify
from harness.profile import Host, HostKind, load_profile

ROOT = Path(__file__).parents[2]


def judged(bot: str, checks: Sequence[str], host: Host) -> Certificate:
    profile = load_profile(ROOT / "reference_bot" / "thrice.toml", app=f"reference_bot.{bot}:app")
    return certify(replace(profile, host=host), root=ROOT, only=checks)


def failed(certificate: Certificate) -> list[str]:
    return [verdict.check for verdict in certificate.verdicts if verdict.failed]


@pytest.mark.parametrize("kind", ["vercel-fluid", "cloud-run", "always-on"])
def test_a_correct_bot__is_certified(kind: HostKind) -> None:
    certificate = judged("app", ["ten-rapid", "freeze-safe"], Host(kind=kind))
    assert failed(certificate) == []


@pytest.mark.parametrize(
    ("kind", "checks"),
    [
        ("vercel-fluid", []),
        ("cloud-run", ["freeze-safe"]),
    ],
)
def test_a_background_task_of_the_response__is_lost_where_it_is_not_waited_for(
    kind: HostKind, checks: list[str]
) -> None:
    bot = "broken.background_task"
    assert failed(judged(bot, ["ten-rapid", "freeze-safe"], Host(kind=kind))) == checks


@pytest.mark.parametrize("kind", ["vercel-fluid", "cloud-run"])
def test_a_publish_that_nobody_awaits__is_refused_wherever_something_is_frozen(
    kind: HostKind,
) -> None:
    certificate = judged("broken.publish_after_response", ["freeze-safe"], Host(kind=kind))
    (verdict,) = certificate.verdicts
    assert verdict.failed
    assert verdict.evidence[0].startswith(f'host "{kind}" ')
    assert verdict.evidence[0].endswith("; await this work before you respond")


def test_a_publish_that_nobody_awaits__passes_where_nothing_is_frozen() -> None:
    checks = ["ten-rapid", "freeze-safe"]
    certificate = judged("broken.publish_after_response", checks, Host(kind="always-on"))
    assert failed(certificate) == []
    assert certificate.host == "always-on (4 instances)"


def test_memory_as_dedup__passes_on_one_server_that_is_always_on_and_nowhere_else() -> None:
    checks = ["cold-instances"]

    def verdict(host: Host) -> list[str]:
        return failed(judged("broken.in_memory_dedup", checks, host))

    assert verdict(Host(kind="always-on", instances=1)) == []
    assert verdict(Host(kind="always-on", instances=2)) == checks
    assert verdict(Host(kind="cloud-run")) == checks


def test_check_then_set__races_with_itself_on_one_instance_that_takes_several_requests() -> None:
    host = Host(kind="always-on", instances=1)
    assert failed(judged("broken.check_then_set", ["ten-rapid"], host)) == ["ten-rapid"]

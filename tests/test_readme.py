"""What the README shows is what happens."""

from pathlib import Path

from harness.certify import certify
from harness.profile import load_profile
from harness.report import render_certificate
from harness.report.style import Style

ROOT = Path(__file__).parents[1]


def test_failing_certificate_of_the_readme__is_the_real_one() -> None:
    profile = load_profile(
        ROOT / "reference_bot" / "thrice.toml", app="reference_bot.broken.incident:app"
    )
    certificate = certify(profile, root=ROOT, only=["quiet-day", "no-loop"])
    real = render_certificate(certificate, Style(colour=False)).splitlines()
    readme = (ROOT / "README.md").read_text()
    shown = readme.split("$ thrice certify", 1)[1].split("```", 1)[0].splitlines()[2:]
    # Without a trace there is no replay line, and the shown text leaves out lines of figures.
    missing = [line for line in shown if line and "replay:" not in line and line not in real]
    assert missing == []
    assert len(shown) > 10


def test_commands_of_the_readme__are_targets_of_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text()
    readme = (ROOT / "README.md").read_text()
    for target in ("certify", "test", "check", "bench", "prove"):
        assert f"make {target}" in readme
        assert f"\n{target}: " in makefile

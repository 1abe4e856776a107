"""The pytest plugin: the fixtures `world` and `certify`, and the marker `thrice` that says for
which bot. It only connects; nothing heavy is imported before a fixture is used.
"""

import importlib
import os
import re
from collections.abc import Collection, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol

import pytest

if TYPE_CHECKING:
    from emulator import World
    from emulator.journal import Entry
    from harness.certificate import Certificate
    from harness.checks.observed import Observed
    from harness.plan import Plan
    from harness.verdict import Verdict

MARKER = (
    "thrice(app=..., profile=..., host=..., copies=3, spacing=..., seed=1, platform=..., "
    "budget='standard', allow_findings=False): the bot of the fixtures `world` and `certify`. "
    "`app` is module:attribute and `profile` a file below the root directory; without them "
    "thrice.toml or [tool.thrice] there decide."
)
_TAINTED = (
    "this process is tainted: a thread of the bot could not be ended, so nothing that runs in it "
    "after this can be trusted, and it makes no further world"
)


class Certify(Protocol):
    """The fixture `certify`."""

    def __call__(
        self,
        *,
        only: Collection[str] = (),
        skip: Collection[str] = (),
        seed: int | None = None,
    ) -> "Certificate":
        """Judge the bot of the test; the test fails, with the text that `thrice certify` prints,
        unless it is certified.

        `only` and `skip` name checks, `seed` is that of the marker when None.
        """


class Watch:
    """The world of one test, and the findings that nobody has reported yet."""

    def __init__(self, world: "World", plan: "Plan") -> None:
        self.world = world
        self.plan = plan
        self._told = 0

    def news(self) -> "list[Entry]":
        """The findings since this was last asked."""
        count = self.world.journal.counts["finding"] - self._told
        self._told += count
        return self.world.findings()[-count:] if count else []


_WATCH = pytest.StashKey[Watch]()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", MARKER)


@pytest.fixture
def world(request: pytest.FixtureRequest) -> "Iterator[World]":
    """A fresh world around the bot of the test, to be driven with plain calls, in `async def` tests
    too.

    A finding (a host that is not part of the world, a loop, a runaway) fails the test, unless the
    marker says `allow_findings=True`. Freezegun that is on already sets the time the world begins
    at.
    """
    plan = _plan_of(request)
    if not plan.profile.bot.app:
        pytest.fail(
            "thrice: the fixture `world` runs Python apps, and this profile has a command; "
            "use `certify`",
            pytrace=False,
        )
    from emulator.clock import VIRTUAL_EPOCH
    from emulator.serverless import Simulation
    from emulator.serverless.bot_clock import frozen_at
    from harness.stage import simulated

    begin = frozen_at()
    epoch = VIRTUAL_EPOCH if begin is None else begin
    with (
        _explained(),
        simulated(plan.profile, root=plan.root, seed=plan.seed, platform=plan.platform) as stage,
        stage.world(spacing=plan.spacing, copies=plan.copies, epoch=epoch) as made,
    ):
        watch = request.node.stash[_WATCH] = Watch(made, plan)
        yield made
    # Worlds are heavy, and items live as long as the session.
    del request.node.stash[_WATCH]
    complaints = [_complaint(watch), _TAINTED if Simulation.process_is_tainted() else ""]
    if any(complaints):
        pytest.fail("\n".join(filter(None, complaints)), pytrace=False)


@pytest.fixture
def certify(request: pytest.FixtureRequest) -> Certify:
    """A function that certifies the bot of the test; see `Certify`."""
    plan = _plan_of(request)

    def judge(
        *, only: Collection[str] = (), skip: Collection[str] = (), seed: int | None = None
    ) -> "Certificate":
        __tracebackhide__ = True
        from harness.certify import certify
        from harness.explore.budget import BUDGETS
        from harness.report import render_certificate
        from harness.report.style import Style
        from harness.today import today

        if _WATCH in request.node.stash:
            pytest.fail(
                "`certify` makes worlds of its own, and `world` holds the only one that there can "
                "be at a time; use them in two tests",
                pytrace=False,
            )
        used = plan.seed if seed is None else seed
        with _explained():
            certificate = certify(
                plan.profile,
                root=plan.root,
                seed=used,
                only=_names(only),
                skip=_names(skip),
                today=today(),
                budget=BUDGETS[plan.budget],
                platforms=plan.wanted,
                # A trace can be replayed with the profile as it stands in its file only.
                save_trace=None if plan.altered else _Traces(plan, request.node.nodeid, used),
            )
        if not certificate.certified:
            pytest.fail(render_certificate(certificate, Style(colour=False)), pytrace=False)
        return certificate

    return judge


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    try:
        result = yield
    except BaseException as error:
        if _WATCH in item.stash:
            # They are part of the evidence.
            item.stash[_WATCH].news()
            if not item.config.getoption("fulltrace"):
                _shorten(error)
        raise
    if _WATCH in item.stash and (complaint := _complaint(item.stash[_WATCH])):
        pytest.fail(complaint, pytrace=False)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: "pytest.CallInfo[None]"
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    watched = call.when == "call" and _WATCH in item.stash
    report = yield
    if watched and report.failed:
        from harness.report.evidence import render_evidence

        watch = item.stash[_WATCH]
        text = render_evidence(watch.world, watch.plan.profile.expect)
        if call.excinfo is not None and (stack := getattr(call.excinfo.value, "stack", "")):
            text += f"\n\nwhere the bot hangs:\n{stack}"
        report.sections.append(("thrice", f"{watch.plan.title}\n{text}"))
    return report


# -- inside


class _Traces:
    """Keeps the runs of failed checks below .thrice, in a folder of the test's own."""

    def __init__(self, plan: "Plan", nodeid: str, seed: int) -> None:
        from harness.trace import FOLDER

        self._plan = plan
        self._seed = seed
        self._folder = plan.root / FOLDER / re.sub(r"[^\w.-]+", "-", nodeid)

    def __call__(self, verdict: "Verdict", observed: "Observed") -> str:
        from harness.trace import trace_of

        source = self._plan.profile.source
        path = "" if source is None else _below(source, self._plan.root)
        trace = trace_of(verdict, observed, seed=self._seed, profile_path=path)
        return _below(trace.save(self._folder), self._plan.root)


def _plan_of(request: pytest.FixtureRequest) -> "Plan":
    """What the markers of a test say. Fails the test where they make no sense."""
    with _explained():
        from harness.errors import UsageError
        from harness.plan import OPTIONS, read_plan

        marks = list(request.node.iter_markers("thrice"))
        if any(mark.args for mark in marks):
            raise UsageError(
                f"the marker thrice takes its options by name only: {', '.join(OPTIONS)}"
            )
        return read_plan([mark.kwargs for mark in marks], request.config.rootpath)


@contextmanager
def _explained() -> Iterator[None]:
    """Let errors that are the user's to mend fail the test with their message alone."""
    __tracebackhide__ = True
    from emulator.errors import BotError, BotHungError, ScenarioError
    from emulator.serverless import Simulation
    from harness.errors import HarnessError

    try:
        yield
    except (BotError, ScenarioError, HarnessError) as error:
        lines = [f"thrice: {error}"]
        if isinstance(error, BotHungError):
            lines.append(error.stack.rstrip())
            if Simulation.process_is_tainted():
                lines.append(_TAINTED)
        pytest.fail("\n".join(lines), pytrace=False)


def _complaint(watch: Watch) -> str:
    """What fails a test that found nothing wrong itself; empty when there is nothing."""
    news = watch.news()
    if not news or watch.plan.allow_findings:
        return ""
    from harness.report.evidence import describe_findings

    lines = ["thrice: the bot did what is wrong whatever a test asserts:"]
    lines += [f"  {line}" for line in describe_findings(news)]
    if any(entry.name == "unknown-host" for entry in news):
        lines.append(
            "  answer a host that the bot needs by a [[services]] table of the profile, or by a "
            "respx route of the test"
        )
    lines.append("  @pytest.mark.thrice(allow_findings=True) lets all of this pass")
    return "\n".join(lines)


def _shorten(error: BaseException) -> None:
    """What is wrong with the bot came up through the world; leave out the way it took."""
    from emulator.errors import ThriceError

    if not isinstance(error, ThriceError):
        return
    here = Path(__file__).parents[1]
    folders = (here / "emulator", here / "harness", Path(importlib.__file__).parent)
    own = tuple(str(folder) + os.sep for folder in folders)
    for link in (error, error.__cause__):
        if link is None:
            continue
        frames: list[TracebackType] = []
        step = link.__traceback__
        while step is not None:
            if not step.tb_frame.f_code.co_filename.startswith(own):
                frames.append(step)
            step = step.tb_next
        link.__traceback__ = None
        for step in reversed(frames):
            link.__traceback__ = TracebackType(
                link.__traceback__, step.tb_frame, step.tb_lasti, step.tb_lineno
            )


def _names(checks: Collection[str]) -> Collection[str]:
    return (checks,) if isinstance(checks, str) else checks


def _below(path: Path, root: Path) -> str:
    """A path as it is written from the root directory."""
    try:
        return str(path.resolve().relative_to(root.resolve()))
    except ValueError:
        return str(path)

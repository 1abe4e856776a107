"""What a Node process sees of the world's clock, and a Python process under libfaketime."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from emulator.net.ports import free_port
from emulator.serverless import faketime
from emulator.serverless.clock_file import ClockFile
from emulator.serverless.preloading import with_preload
from tests._needs import needs_node

UNIX = 2_000_000_000.25
MS = 2_000_000_000_250
# Evaluates one expression for each line that it reads.
ASKED = """
require("node:readline").createInterface({ input: process.stdin }).on("line", async (line) => {
  console.log(JSON.stringify(await eval(line)) ?? "null");
});
"""
# The shape of the parts of Temporal that are looked at, for a Node that has none.
TEMPORAL = """
globalThis.Temporal ??= {
  Now: { instant: 0, zonedDateTimeISO: 0, plainDateTimeISO: 0, plainDateISO: 0, plainTimeISO: 0,
         timeZoneId: () => "UTC" },
  Instant: {
    fromEpochMilliseconds: (ms) => ({
      epochMilliseconds: ms,
      toZonedDateTimeISO: (zone) => ({
        zone, epochMilliseconds: ms, toPlainDateTime: () => ["date and time", zone, ms],
        toPlainDate: () => ["date", zone, ms], toPlainTime: () => ["time", zone, ms],
      }),
    }),
  },
};
"""

Ask = Callable[[str], object]

needs_faketime = pytest.mark.skipif(
    faketime.find() is None, reason="libfaketime is not installed (apt-get install libfaketime)"
)


@contextmanager
def asked(clock: ClockFile, folder: Path, *, port: int = 0) -> Iterator[Ask]:
    """A Node process that follows this clock and evaluates what it is asked."""
    before = folder / "before.cjs"
    before.write_text(TEMPORAL)
    environment = with_preload(
        clock.joined({**os.environ, "TMPDIR": str(folder), "PORT": str(port)})
    )
    environment["NODE_OPTIONS"] = f"--require {before} " + environment["NODE_OPTIONS"]
    with subprocess.Popen(
        ["node", "-e", ASKED],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        source, answers = process.stdin, process.stdout

        def ask(expression: str) -> object:
            print(expression, file=source, flush=True)
            answer: object = json.loads(answers.readline())
            return answer

        yield ask
        source.close()


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    clock = ClockFile()
    clock.show(UNIX)
    with asked(clock, tmp_path_factory.mktemp("node")) as ask:
        yield ask
    clock.close()


@needs_node
@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("new Date(7).getTime()", 7),
        ("new Date(2020, 1, 2).getDate()", 2),
        ('new Date("2020-01-01T00:00:00Z").getTime()', 1_577_836_800_000),
        ("Date.UTC(2020, 1)", 1_580_515_200_000),
        ("[Date.name, Date.length, Object.keys(Date)]", ["Date", 7, []]),
        ("new Date().constructor === Date && new Date() instanceof Date", True),
        ("structuredClone(new Date(7)) instanceof Date", True),
        ("require('node:util').types.isDate(new Date())", True),
        ("Object.prototype.toString.call(new Date())", "[object Date]"),
        ("isNaN(new Date(undefined))", True),
        ("typeof Date() + (Date().slice(0, 15) === new Date().toDateString())", "stringtrue"),
        ("(() => { const f = new Intl.DateTimeFormat(); return f.format === f.format })()", True),
        ("new Intl.DateTimeFormat('en', { timeZone: 'UTC' }).format(0)", "1/1/1970"),
        ("new Intl.DateTimeFormat('en', { timeZone: 'UTC' }).formatToParts(0).length", 5),
    ],
)
def test_date__is_what_it_was_but_for_the_present(
    shown: Ask, expression: str, value: object
) -> None:
    assert shown(expression) == value


@needs_node
@pytest.mark.parametrize(
    "expression",
    [
        "Date.now()",
        "new Date().getTime()",
        "+new Date()",
        "Reflect.construct(Date, []).getTime()",
        "new (class Mine extends Date { constructor() { super() } })().getTime()",
        "new Promise((done) => new (require('node:worker_threads').Worker)("
        "'require(\"node:worker_threads\").parentPort.postMessage(Date.now())', { eval: true })"
        ".on('message', done))",
        "Temporal.Now.instant().epochMilliseconds",
        "Temporal.Now.zonedDateTimeISO('UTC').epochMilliseconds",
        "Temporal.Now.plainDateTimeISO()[2]",
        "Temporal.Now.plainDateISO()[2]",
        "Temporal.Now.plainTimeISO()[2]",
    ],
)
def test_present__is_the_worlds(shown: Ask, expression: str) -> None:
    # A clock that nobody moves runs on after a while, on a busy machine before we are done.
    answer = shown(expression)
    assert isinstance(answer, int)
    assert MS <= answer < MS + 120_000


@needs_node
@pytest.mark.parametrize(
    "expression",
    [
        "Date()",
        "new Intl.DateTimeFormat('en', { timeZone: 'UTC', dateStyle: 'full' }).format()",
        "new Intl.DateTimeFormat('en', { dateStyle: 'full' }).formatToParts()",
    ],
)
def test_present__as_a_text_is_the_worlds(shown: Ask, expression: str) -> None:
    assert "2033" in str(shown(expression))


@needs_node
def test_clock__stands_while_the_bot_computes_and_jumps_when_the_world_does(tmp_path: Path) -> None:
    clock = ClockFile()
    with asked(clock, tmp_path) as ask:
        before = ask("Date.now()")
        assert isinstance(before, int)
        assert before < MS
        clock.show(UNIX)
        assert ask("Date.now()") == MS
        clock.show(UNIX + 60)
        assert ask("Date.now()") == MS + 60_000
        # Seen from a process, it never goes back.
        clock.show(UNIX)
        assert ask("Date.now()") == MS + 60_000
    clock.close()


@needs_node
def test_clock__runs_on_for_a_bot_that_waits_for_a_time(tmp_path: Path) -> None:
    clock = ClockFile()
    clock.show(UNIX)
    wait = "(async () => { const start = Date.now(); while (Date.now() - start < 20) await new "
    wait += "Promise((done) => setTimeout(done, 20)); return 'over' })()"
    with asked(clock, tmp_path) as ask:
        assert ask(wait) == "over"
    clock.close()


@needs_node
@pytest.mark.parametrize("listens", [True, False])
def test_announced__by_the_process_that_listens_on_the_port_of_the_bot(
    tmp_path: Path, listens: bool
) -> None:
    clock, port = ClockFile(), free_port()
    at = port if listens else 0
    with asked(clock, tmp_path, port=port) as ask:
        assert not clock.is_followed(port, tmp_path)
        ask(
            "new Promise((done) => { const server = require('node:http').createServer(); "
            f"server.on('error', done).listen({at}, '127.0.0.1', () => server.close(done)) }})"
        )
        assert clock.is_followed(port, tmp_path) == listens
    clock.close()


@needs_node
def test_clock_that_is_out_of_reach__leaves_the_process_its_own(tmp_path: Path) -> None:
    environment = with_preload({**os.environ, "THRICE_CLOCK": str(tmp_path / "none")})
    run = subprocess.run(
        ["node", "-p", "/native/.test(Date) && Date.now() > 0"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.stdout, run.stderr) == ("true\n", "")


PYTHON = """
import datetime, time, sys
mono = time.monotonic()
time.sleep(0.01)
slept = time.monotonic() - mono
try:
    time.sleep(-1)
except ValueError as error:
    refused = str(error)
print(time.time(), datetime.datetime.now(datetime.UTC).year, 0.01 <= slept < 60, refused)
print("mine" if "mine" in sys.modules else "not mine")
"""


@needs_faketime
def test_python__sees_the_worlds_time_and_sleeps_by_its_own(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import mine\n")
    (tmp_path / "mine.py").touch()
    clock = ClockFile("libfaketime")
    clock.show(UNIX)
    run = subprocess.run(
        [sys.executable, "-c", PYTHON],
        env=clock.joined({**os.environ, "PYTHONPATH": str(tmp_path), "TMPDIR": str(tmp_path)}),
        capture_output=True,
        text=True,
        check=False,
    )
    clock.close()
    assert run.stderr == ""
    first, second = run.stdout.splitlines()
    unix, *rest = first.split(maxsplit=3)
    assert abs(float(unix) - UNIX) < 0.001
    assert rest == ["2033", "True", "sleep length must be non-negative"]
    # What else is called sitecustomize is loaded too.
    assert second == "mine"
    assert len(list(tmp_path.glob("clock-of-*"))) == 1

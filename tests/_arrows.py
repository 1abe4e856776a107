"""The rules for imports, clocks and chance, read off the source without importing any of it.

`test_arrows.py` applies them, and shows that each finds what it is for.
"""

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
FOLDERS = ("emulator", "harness", "reference_bot")

# loadtests, tests -> harness -> emulator; the reference bot is a stranger to all of them.
CLOSED: Mapping[str, frozenset[str]] = {
    "emulator": frozenset({"harness", "reference_bot", "tests", "loadtests"}),
    "harness": frozenset({"reference_bot", "tests", "loadtests"}),
    "reference_bot": frozenset({"emulator", "harness", "tests", "loadtests"}),
}

# Folders of the emulator that serve every platform; each other folder is a platform.
SHARED = frozenset({"net", "control", "grpc", "redis"})

# Importing gevent patches the process; a certificate needs neither pytest nor locust.
ONLY_IN: Mapping[str, str] = {
    "pytest": "harness/pytest_plugin.py",
    "_pytest": "harness/pytest_plugin.py",
    "locust": "harness/locust.py",
    "gevent": "harness/locust.py",
}

# Both patch the whole process: one file decides when.
ONE_FILE = ("freezegun", "respx")
ONE_FILE_BELOW = "emulator/serverless/"

LOOP = "emulator/serverless/loop.py"
LOOP_FIELDS = frozenset({"_ready", "_scheduled"})
LOOP_FUNCTIONS = frozenset({"_set_running_loop", "_get_running_loop"})
LOOP_MODULES = ("asyncio.events", "asyncio.base_events")

REAL = frozenset(
    {
        "asyncio.sleep",
        "datetime.date.today",
        "datetime.datetime.now",
        "datetime.datetime.today",
        "datetime.datetime.utcnow",
        "os.urandom",
        "time.gmtime",
        "time.localtime",
        "time.monotonic",
        "time.monotonic_ns",
        "time.perf_counter",
        "time.perf_counter_ns",
        "time.sleep",
        "time.time",
        "time.time_ns",
        "uuid.uuid1",
        "uuid.uuid4",
    }
)
REAL_MODULES = ("random.", "secrets.")

# Who may touch the real clock or real chance: file, names, reason.
EXEMPT: tuple[tuple[str, frozenset[str], str], ...] = (
    (
        "emulator/serverless/bot_chance.py",
        frozenset({"os.urandom", "random.getstate", "random.seed", "random.setstate"}),
        "it replaces the entropy that bots draw from",
    ),
    (
        "emulator/redis/lent.py",
        frozenset({"time.time"}),
        "it replaces the time that fakeredis sees, which others in the process use as well",
    ),
    (
        "emulator/net/wall.py",
        frozenset({"time.monotonic", "time.sleep", "time.time"}),
        "sockets and processes of live runs age on the real clock",
    ),
    (
        "harness/cli.py",
        frozenset({"time.monotonic", "time.perf_counter"}),
        "a certificate tells how long its run really took",
    ),
    (
        "harness/commands/incident.py",
        frozenset({"time.perf_counter"}),
        "the burn tells how long it really took",
    ),
    (
        "harness/deadline.py",
        frozenset({"time.perf_counter"}),
        "a search ends when its user's patience does",
    ),
    (
        "harness/today.py",
        frozenset({"datetime.date.today"}),
        "a waiver holds until a day of the real calendar",
    ),
)


@dataclass(frozen=True, slots=True)
class Source:
    """One file: its path below the repository, with slashes, and its syntax."""

    path: str
    tree: ast.Module


@cache
def sources() -> tuple[Source, ...]:
    files = sorted(file for folder in FOLDERS for file in (REPOSITORY / folder).rglob("*.py"))
    return tuple(
        Source(file.relative_to(REPOSITORY).as_posix(), ast.parse(file.read_bytes(), str(file)))
        for file in files
    )


def imports(source: Source) -> Iterator[tuple[int, str]]:
    """Line and full name of whatever is imported, also inside functions and by import_module."""
    package = source.path.split("/")[:-1]
    for node in ast.walk(source.tree):
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, alias.name) for alias in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                base = package[: len(package) - level + 1] if level else []
                start = [*base, *([module] if module else [])]
                yield from ((node.lineno, ".".join([*start, alias.name])) for alias in names)
            case ast.Call(
                func=ast.Name(id="import_module" | "__import__")
                | ast.Attribute(attr="import_module"),
                args=[ast.Constant(value=str(name)), *_],
            ):
                yield node.lineno, name


def uses(source: Source) -> Iterator[tuple[ast.expr, str]]:
    """Each read of something imported, by its full name, also where it is only passed on."""
    known = {}
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                first = alias.name.partition(".")[0]
                known[alias.asname or first] = alias.name if alias.asname else first
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                known[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Name | ast.Attribute) or not isinstance(node.ctx, ast.Load):
            continue
        parts: list[str] = []
        inner: ast.expr = node
        while isinstance(inner, ast.Attribute):
            parts.append(inner.attr)
            inner = inner.value
        if isinstance(inner, ast.Name) and inner.id in known:
            yield node, ".".join([known[inner.id], *reversed(parts)])


def platform(dotted: str) -> str | None:
    """The platform that a module or a name belongs to; what lies beside the platforms has none."""
    parts = dotted.split(".")
    if parts[0] != "emulator" or len(parts) < 2 or parts[1] in SHARED:
        return None
    return parts[1] if (REPOSITORY / "emulator" / parts[1]).is_dir() else None


# -- the rules: each yields what is wrong with one file --------------------------------------------


def folders_import_one_way(source: Source) -> Iterator[str]:
    closed = CLOSED[source.path.partition("/")[0]]
    for line, name in imports(source):
        if name.partition(".")[0] in closed:
            yield f"{source.path}:{line} imports {name}"


def platforms_meet_in_the_world_only(source: Source) -> Iterator[str]:
    home = platform(source.path.replace("/", "."))
    for line, name in imports(source):
        if home is not None and platform(name) not in (None, home):
            yield f"{source.path}:{line} imports {name}"


def tools_stay_in_their_file(source: Source) -> Iterator[str]:
    for line, name in imports(source):
        if ONLY_IN.get(name.partition(".")[0], source.path) != source.path:
            yield f"{source.path}:{line} imports {name}"


def loop_internals_stay_in_their_file(source: Source) -> Iterator[str]:
    if source.path == LOOP:
        return
    for line, name in imports(source):
        if name.startswith(LOOP_MODULES):
            yield f"{source.path}:{line} imports {name}"
    for used, name in uses(source):
        if name.startswith(LOOP_MODULES):
            yield f"{source.path}:{used.lineno} uses {name}"
    for node in ast.walk(source.tree):
        match node:
            case ast.Attribute(attr=name) if name in LOOP_FUNCTIONS:
                yield f"{source.path}:{node.lineno} uses {name}"
            case ast.Attribute(value=owner, attr=name) if name in LOOP_FIELDS:
                # A class may call a field of its own so, unless it is a loop: the next case.
                if not (isinstance(owner, ast.Name) and owner.id == "self"):
                    yield f"{source.path}:{node.lineno} uses {name}"
            case ast.ClassDef(name=name, bases=bases):
                if any(ast.unparse(base).endswith("EventLoop") for base in bases):
                    yield f"{source.path}:{node.lineno} derives {name} from an event loop"


def clock_and_chance_are_the_worlds(source: Source) -> Iterator[str]:
    if source.path.startswith("reference_bot/"):
        return
    exempt = {name for path, names, _ in EXEMPT if path == source.path for name in names}
    seeded = {
        id(node.func)
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and (node.args or node.keywords)
    }
    called = {id(node.func) for node in ast.walk(source.tree) if isinstance(node, ast.Call)}
    for node, name in uses(source):
        if name == "random.Random":
            real = id(node) in called - seeded
        else:
            real = name in REAL or name.startswith(REAL_MODULES)
        if real and name not in exempt:
            yield f"{source.path}:{node.lineno} uses {name}"


def one_file_imports(library: str, files: Iterable[Source]) -> list[str]:
    """Those which import a library, unless it is one file and lies where the rule wants it."""
    found = sorted(
        {
            source.path
            for source in files
            for _, name in imports(source)
            if name.partition(".")[0] == library
        }
    )
    if len(found) <= 1 and all(path.startswith(ONE_FILE_BELOW) for path in found):
        return []
    return found


Rule = Callable[[Source], Iterator[str]]

RULES: tuple[Rule, ...] = (
    folders_import_one_way,
    platforms_meet_in_the_world_only,
    tools_stay_in_their_file,
    loop_internals_stay_in_their_file,
    clock_and_chance_are_the_worlds,
)

"""A first profile for a bot, from what its source says and what its owner answers.

Each value is written with the reason for it, so that a wrong guess is seen and corrected.
"""

import json
import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from emulator.firestore.service import ORIGIN as FIRESTORE
from emulator.meta.graph.files import FILES_ORIGIN
from emulator.meta.messenger import ORIGIN as GRAPH
from emulator.qstash.service import ORIGINS as QSTASHES
from emulator.stubs.google_tokens import ORIGINS as GOOGLE_TOKENS
from harness.errors import ProfileError, UsageError
from harness.init_names import platforms_told, template_of
from harness.platforms import USUAL, PlatformName
from harness.profile import load_profile
from harness.profile_file import FILE, SHARED_FILE, find_profile
from harness.profile_keys import TABLES, Wrong
from harness.project import FoundRoute, Place, Project, Variable, by_path, look_at

# Where every world answers by itself.
ANSWERED = frozenset(
    urlsplit(origin).hostname
    for origin in (FIRESTORE, GRAPH, FILES_ORIGIN, *QSTASHES, *GOOGLE_TOKENS)
)

# Asked with a question and what is taken when the answer is empty; returns the answer.
Ask = Callable[[str, str], str]

PUBLIC_URL = "https://my-bot.example.com"
DEDUP = "processedMessages"

_WEBHOOK = re.compile(r"messenger|webhook|facebook|instagram|whatsapp|meta|hook|\bfb\b", re.I)
_CONSUMER = re.compile(
    r"process|queue|job|qstash|worker|consum|task|deliver|answer|handle|reply", re.I
)
_RECORDS = re.compile(r"processed|dedup|seen|handled|mids|claim|inbox|message|turn", re.I)
# Of a name that only may be one of a collection more is asked.
_RECORD_NAME = re.compile(r"processed|dedup|seen|handled|mids|claims|inbox|messages$", re.I)
# The score of a route that takes POST, or that is named like a webhook.
_LIKELY = 6
_WANTED = "ASGI app (FastAPI, Starlette) and no package.json that says how to start"
# What people call the queue, and what libraries and addresses of it are called.
TASKS = "Cloud Tasks"
_TASKS_WORDS = ("cloudtasks", "cloud-tasks", "google-cloud/tasks", "tasks_v2")
# What Vercel calls the deployment, without a scheme (Vercel docs, "System environment variables").
_HOST_NAMES = re.compile(r"(NEXT_PUBLIC_)?VERCEL_(PROJECT_PRODUCTION_|BRANCH_)?URL")
# Put into the files when they are built, so nothing that is set later counts (Next.js docs,
# "Environment Variables").
_BUILT_IN = "NEXT_PUBLIC_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the profile: a key, its value as TOML, and the reason for it. A line that is not
    `active` is written as a comment.
    """

    table: str
    key: str
    value: str
    reason: str
    active: bool = True


@dataclass(slots=True)
class Draft:
    """A profile in the making; `remarks` say what the source did not tell, `build` is what has to
    be run before the bot can be started.
    """

    lines: list[Line] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    build: str = ""

    def add(self, table: str, key: str, value: object, reason: str, *, active: bool = True) -> None:
        text = json.dumps(value, ensure_ascii=False)
        self.lines.append(Line(table=table, key=key, value=text, reason=reason, active=active))

    def text(self) -> str:
        """The profile as TOML."""
        rows = [
            "# What thrice must know of this bot. Written by `thrice init`; check it and keep it."
        ]
        for table in dict.fromkeys(line.table for line in self.lines):
            lines = [line for line in self.lines if line.table == table]
            written = [
                f"{'' if line.active else '# '}{_key(line.key)} = {line.value}" for line in lines
            ]
            width = max(map(len, written))
            rows += ["", f"[{table}]"]
            rows += [
                f"{row:{width}}  # {line.reason}" for row, line in zip(written, lines, strict=True)
            ]
        return "\n".join(rows) + "\n"


def write_profile(
    root: Path,
    *,
    app: str | None = None,
    command: str | None = None,
    force: bool = False,
    ask: Ask | None = None,
) -> Draft:
    """Write `thrice.toml` into `root` and return what was written.

    `app` or `command` spares the search for what is to be run; without `ask` every guess is taken
    as it is.

    Raises UsageError when there is a profile already and `force` is not given, when nothing is
    found that can be run, and when the file can not be written.
    """
    target = root / FILE
    if not force:
        _refuse_another(root)
    if app is not None:
        _checked("app", app, "--app")
    if command is not None:
        _checked("command", command, "--command")
    draft = draft_profile(look_at(root), app=app, command=command, ask=ask)
    text = draft.text()
    with tempfile.TemporaryDirectory() as folder:
        trial = Path(folder) / FILE
        trial.write_text(text, encoding="utf-8")
        load_profile(trial)
    try:
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{target} can not be written: {error.strerror}") from error
    return draft


def draft_profile(
    project: Project,
    *,
    app: str | None = None,
    command: str | None = None,
    ask: Ask | None = None,
) -> Draft:
    """The profile that a project seems to need. Raises UsageError when it has nothing to run."""
    draft = Draft()
    for name in project.unreadable:
        kind = "Python" if name.endswith(".py") else "text"
        draft.remarks.append(f"{name} can not be read as {kind}, so nothing is known of it")
    started = command is not None or (
        app is None and not project.applications and project.command is not None
    )
    if started:
        _add_command(draft, project, command, ask)
    else:
        _add_app(draft, project, app, ask)
    platforms, told = platforms_told(project)
    if platforms != USUAL:
        draft.add("bot", "platforms", list(platforms), told)
    webhook = _add_webhook(draft, project, ask)
    has_queue = _add_consumer(draft, project, webhook, ask)
    reason = "any address that is not a real one"
    public_url = _add_text(draft, "bot", "public_url", PUBLIC_URL, reason, ask)
    _add_env(draft, project, public_url, platforms)
    if project.vercel and started:
        draft.add("host", "kind", "vercel", project.vercel)
    else:
        draft.add("host", "kind", "lambda", "the stricter one; vercel freezes a little later")
    _add_store(draft, project, ask, started=started)
    _add_queue(draft, project, started=started)
    for host, place in project.hosts.items():
        if host not in ANSWERED and not host.endswith(("example.com", "example.org")):
            draft.remarks.append(
                f"{place} names {host}; if the bot calls it, a [[services]] table says what it "
                "answers"
            )
    draft.lines.append(
        Line(
            table="expect",
            key="publishes",
            value="1" if has_queue else "0",
            reason="for each user message" if has_queue else "this bot uses no queue",
        )
    )
    draft.lines.append(
        Line(table="expect", key="replies", value="1", reason="for each user message")
    )
    return draft


# -- each part -------------------------------------------------------------------------------------


def _add_app(draft: Draft, project: Project, app: str | None, ask: Ask | None) -> None:
    if app is not None:
        draft.add("bot", "app", app, "given with --app")
        return
    if not project.applications and ask is None:
        raise UsageError(
            f"no {_WANTED} was found here; name it: thrice init --app mybot.main:app\n"
            '  for a bot in another language: thrice init --command "node server.js"'
        )
    best = project.applications[0] if project.applications else None
    reason = f"found in {best.place}" if best else "your answer"
    others = [found.spec for found in project.applications[1:6]]
    if others:
        reason += f"; also found: {', '.join(others)}"
    _add_text(draft, "bot", "app", best.spec if best else "", reason, ask)


def _add_command(draft: Draft, project: Project, command: str | None, ask: Ask | None) -> None:
    if command is not None:
        draft.add("bot", "command", command, "given with --command")
    elif project.command is not None:
        draft.build = project.command.build
        _add_text(draft, "bot", "command", project.command.text, project.command.reason, ask)


def _add_webhook(draft: Draft, project: Project, ask: Ask | None) -> str:
    scored = [
        (_webhook_score(path, routes), path, routes)
        for path, routes in by_path(project.routes).items()
    ]
    best = max(scored, key=lambda one: one[0], default=None)
    if best is None or best[0] < _LIKELY:
        draft.remarks.append("no route that looks like a webhook was found, so it is a guess")
        return _add_text(
            draft, "bot", "webhook", "/api/messenger", "a guess: no such route was found", ask
        )
    _, path, routes = best
    return _add_text(draft, "bot", "webhook", path, f"found in {routes[0].place}", ask)


def _webhook_score(path: str, routes: Sequence[FoundRoute]) -> int:
    named = " ".join([path, *(route.handler for route in routes)])
    takes = 8 * _takes(routes, "POST") + 4 * _takes(routes, "GET")
    return takes + 2 * bool(_WEBHOOK.search(named))


def _add_consumer(draft: Draft, project: Project, webhook: str, ask: Ask | None) -> bool:
    """Whether the bot uses a queue."""
    queue = _queue_of(project)
    has_queue = bool(queue)
    candidates = {
        path: routes
        for path, routes in by_path(project.routes).items()
        if path != webhook and _takes(routes, "POST")
    }

    def score(path: str) -> int:
        named = " ".join([path, *(route.handler for route in candidates[path])])
        called = path in project.paths
        return 4 * called + 2 * bool(_CONSUMER.search(named)) - _takes(candidates[path], "GET")

    best = max(candidates, key=score, default=None) if has_queue else None
    if best is not None:
        place = project.paths.get(best)
        reason = f"found in {candidates[best][0].place}"
        if place is not None:
            reason += f"; its address is made in {place}"
        _add_text(draft, "bot", "consumer", best, reason, ask)
    elif has_queue:
        draft.remarks.append(
            f"the bot uses {queue}, and no route for what the queue delivers was found; "
            "write it as consumer = in [bot]"
        )
    else:
        draft.remarks.append("nothing mentions QStash, so the profile says that there is no queue")
    return has_queue


def _queue_of(project: Project) -> str:
    """The queue that a bot uses, as people call it; empty when nothing tells of any."""
    if project.mentions("qstash") or any(name.startswith("QSTASH_") for name in project.variables):
        return "QStash"
    return TASKS if any(map(project.mentions, _TASKS_WORDS)) else ""


def _add_queue(draft: Draft, project: Project, *, started: bool) -> None:
    """What a profile says of a queue that is not the usual one."""
    if _queue_of(project) != TASKS:
        return
    draft.add("queue", "kind", "cloudtasks", "mentioned in the source")
    if started:
        reason = "read by Google's client library"
        draft.add("bot.env", "GOOGLE_APPLICATION_CREDENTIALS", "{google.account_file}", reason)
        draft.remarks.append(
            "the bot uses Cloud Tasks; Google's client library speaks gRPC, which takes an extra: "
            "pip install 'thrice[cloudtasks]'"
        )
    draft.remarks.append(
        "name in [bot.env] how the bot finds its queue: {cloudtasks.queue} is the whole name, "
        "{cloudtasks.queue_id} its last part"
    )


def _add_env(
    draft: Draft, project: Project, public_url: str, platforms: tuple[PlatformName, ...]
) -> None:
    found = 0
    for variable in project.variables.values():
        template = template_of(variable.name, platforms)
        # A bot that may keep its records in either is judged with Firestore.
        if template is not None and not (_uses_firestore(project) and _is_of_keys(template)):
            found += 1
            draft.add("bot.env", variable.name, template, _read_in(variable))
    for variable in project.variables.values():
        if not variable.read or template_of(variable.name, platforms) is not None:
            continue
        if _HOST_NAMES.fullmatch(variable.name):
            draft.add("bot.env", variable.name, urlsplit(public_url).netloc, _read_in(variable))
            continue
        if variable.needed:
            reason = f"{_read_in(variable)}, which fails without it; say what it should be"
            draft.add("bot.env", variable.name, "test", reason)
            draft.remarks.append(f"{variable.name} is set to a made-up value; correct it")
        else:
            draft.add("bot.env", variable.name, "", _read_in(variable), active=False)
    built_in = [name for name in project.variables if name.startswith(_BUILT_IN)]
    if built_in:
        draft.remarks.append(
            f"{', '.join(built_in)} may be put in when the bot is built, and is then what it was "
            "at that time"
        )
    if not found:
        draft.remarks.append(
            "no environment variable of a known name was found; name in [bot.env] what the bot "
            "reads, thrice checks its tokens and signatures"
        )


def _add_store(draft: Draft, project: Project, ask: Ask | None, *, started: bool) -> None:
    if not _uses_firestore(project):
        if _add_keys(draft, project, ask, started=started):
            return
        draft.remarks.append(
            "nothing mentions Firestore, and no variable leads to Redis, so there is no [store]: "
            "checks of dedup records are not applicable"
        )
        return
    in_python = project.mentions("google.cloud") or project.mentions("firebase_admin")
    in_node = project.mentions("firebase-admin") or project.mentions("@google-cloud/firestore")
    if started and (in_python or in_node):
        reason = "read by Google's client library"
        draft.add("bot.env", "FIRESTORE_EMULATOR_HOST", "{firestore.host}", reason)
        draft.remarks.append(
            "the bot uses Google's client library, which speaks gRPC; that takes an extra: "
            "pip install 'thrice[firestore]'"
        )
    elif in_python:
        draft.remarks.append(
            "the bot uses Google's client library, which does not go through httpx; a simulated "
            "run can not answer it, so use --command"
        )
    draft.add("store", "kind", "firestore", "mentioned in the source")
    path, place = _records(project)
    reason = f"found in {place}" if place else "a guess: the collection of the dedup records"
    _add_text(draft, "store", "dedup", path, reason, ask)


def _uses_firestore(project: Project) -> bool:
    return project.mentions("firestore") or any(
        name.startswith("FIRESTORE_") for name in project.variables
    )


def _is_of_keys(template: str) -> bool:
    return template.startswith(("{upstash.", "{redis."))


def _add_keys(draft: Draft, project: Project, ask: Ask | None, *, started: bool) -> bool:
    """Whether a variable says that the records are in Redis, over whichever protocol."""
    read = {template_of(variable.name): variable for variable in project.variables.values()}
    kind = "upstash" if "{upstash.url}" in read else "redis"
    variable = read.get(f"{{{kind}.url}}")
    if variable is None:
        return False
    draft.add("store", "kind", kind, _read_in(variable))
    reason = "a guess: what the keys of the dedup records begin with"
    _add_text(draft, "store", "dedup", "seen:", reason, ask)
    draft.remarks.append("a store in Redis takes an extra: pip install 'thrice[redis]'")
    if kind == "redis" and not started:
        draft.remarks.append(
            "the bot speaks Redis's own protocol, which a simulated run can not answer, so use "
            "--command"
        )
    return True


def _records(project: Project) -> tuple[str, Place | None]:
    # A helper that makes the address is given the collection by its name.
    named = {path: at for path, at in project.arguments.items() if _RECORD_NAME.search(path)}
    found = {**named, **project.collections}
    best = max(found, key=lambda path: (bool(_RECORDS.search(path)), path == DEDUP), default=None)
    return (best, found[best]) if best is not None else (DEDUP, None)


def _add_text(draft: Draft, table: str, key: str, guess: str, reason: str, ask: Ask | None) -> str:
    """Take a guess, or what is answered instead of it."""
    value = guess
    if ask is not None:
        question = f"[{table}] {key}: {reason}"
        while True:
            value = ask(question, guess).strip() or guess
            try:
                TABLES[table][key].read(value)
            except Wrong as wrong:
                question = f"[{table}] {key}: {wrong}; for example: {TABLES[table][key].example}"
            else:
                break
    draft.add(table, key, value, reason if value == guess else "your answer")
    return value


# -- help ------------------------------------------------------------------------------------------


def _refuse_another(root: Path) -> None:
    if (root / FILE).exists():
        raise UsageError(f"{FILE} is here already; --force writes another in its place")
    try:
        found = find_profile(None, root)
    except ProfileError as error:
        raise UsageError(str(error)) from error
    if found is not None:
        raise UsageError(
            f"{SHARED_FILE} has [tool.thrice] already; "
            f"--force writes a {FILE}, which is read instead of it"
        )


def _checked(key: str, value: str, flag: str) -> None:
    try:
        TABLES["bot"][key].read(value)
    except Wrong as wrong:
        example = TABLES["bot"][key].example
        raise UsageError(f"{flag}: {wrong}\n  for example: {example}") from None


def _takes(routes: Sequence[FoundRoute], method: str) -> bool:
    return any(not route.methods or method in route.methods for route in routes)


def _read_in(variable: Variable) -> str:
    return f"{'read' if variable.read else 'named'} in {variable.place}"


def _key(name: str) -> str:
    """A key as TOML writes it."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name)

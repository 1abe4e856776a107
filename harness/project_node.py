"""What can be told of a bot in JavaScript or TypeScript from its files alone: routes of Next.js and
of the usual routers, environment variables, and how it is started.

It reads text, not syntax: what it finds is a guess with a place, as in `project.py`.
"""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from harness.project import Command, FoundRoute, Place, Project
from harness.project_names import HOLE

_SUFFIX = re.compile(r"\.[cm]?[jt]sx?$")
_LEFT_OUT = re.compile(
    r"(^|/)(tests?|__tests__|__mocks__|e2e)/|\.(test|spec|config|d)\.[cm]?[jt]sx?$"
)
# What a project tells others to set, with made-up values.
_ENV_FILES = (".env.example", ".env.local.example", ".env.sample", ".env.template", ".env.dist")
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_METHOD = "|".join(_METHODS)

# Next.js docs, "Route Handlers" and "API Routes"; both may lie below src.
_APP_ROUTE = re.compile(r"(?:src/)?app/((?:.+/)?)route\.[jt]sx?")
_PAGES_ROUTE = re.compile(r"(?:src/)?pages/(api/.+|api)\.[jt]sx?")
_EXPORTED = re.compile(
    rf"export\s+(?:async\s+)?(?:function|const|let|var)\s+({_METHOD})\b"
    r"|export\s+(?:(?:const|let|var)\s*)?\{([^}]*)\}"
)
_ROUTER = re.compile(r"\.(get|post|put|patch|delete|all)\(\s*[\"'`](/[^\"'`\s]*)[\"'`]")
_COMPARED = re.compile(r"(?:path|pathname|url)\s*===?\s*[\"'`](/[^\"'`\s]*)[\"'`]")
_NAMED = re.compile(rf"[\"'`]({_METHOD}) (/[^\"'`\s]*)[\"'`]")
# What tells the route of the platform, and that of the queue, whatever their paths are.
_PLATFORM = re.compile(r"hub\.(?:mode|challenge|verify_token)|x-hub-signature", re.I)
_QUEUE = re.compile(r"verifySignature\w*|upstash-signature|\bnew Receiver\b", re.I)

_IMPORT = re.compile(
    r"(?:\bfrom|\bimport|\bimport\(|\brequire\()\s*[\"']([@\w][\w./@-]*)[\"']", re.I
)
_ENVIRONMENT = r"process\.env"
_ALIAS = re.compile(
    rf"(?:const|let|var)\s+(\w+)(?:\s*:[^=]+)?\s*=\s*{_ENVIRONMENT}\s*(?:;|$)", re.M
)
_TAKEN_APART = re.compile(rf"\{{([^{{}}]*)\}}\s*=\s*{_ENVIRONMENT}\b")
_COLLECTION = re.compile(r"\b(?:collection|doc)\(\s*(?:\w+\s*,\s*)?([\"'`])([^\"'`]+)\1")
_STRING = re.compile(r"\"((?:[^\"\\\n]|\\.)*)\"|'((?:[^'\\\n]|\\.)*)'|`((?:[^`\\]|\\.)*)`")
_COMMENT = re.compile(r"(?<![:\"'`\\])//[^\n]*|/\*.*?\*/", re.S)
# Set by the host or by the tools; a profile can not say anything about them.
_HOSTS_OWN = re.compile(
    r"NODE_ENV|NODE_OPTIONS|PORT|HOST|HOSTNAME|CI|NEXT_RUNTIME|VERCEL(_(?!\w*URL$)\w+)?"
)
# What the queue's own SDK reads by itself (QStash SDK for JavaScript, "client" and "receiver").
_SDK = "@upstash/qstash"
_SDK_READS = (
    "QSTASH_URL",
    "QSTASH_TOKEN",
    "QSTASH_CURRENT_SIGNING_KEY",
    "QSTASH_NEXT_SIGNING_KEY",
)
_PORT = re.compile(r"(-p|--port)[ =]\d+")


def read_node(root: Path, files: Iterable[tuple[str, Path]], project: Project) -> None:
    """Add what the files of a Node project tell; nothing where there is no package.json in `root`.

    `files` are pairs of path below the root, with slashes, and file.
    """
    package = _package(root / "package.json")
    if package is None:
        return
    for dependency in _names(package, "dependencies"):
        project.words.add(dependency.lower())
    project.command = _command(root, package)
    project.vercel = _vercel(root, package)
    for name, path in files:
        if _SUFFIX.search(name) and not _LEFT_OUT.search(name):
            try:
                text = path.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError):
                project.unreadable.append(name)
            else:
                _Reader(name, text, project).read()
    if _SDK in _names(package, "dependencies"):
        for name in _SDK_READS:
            place = Place("package.json", _line_of(root / "package.json", _SDK))
            project.add_variable(name, place, read=True, needed=False)
    for name in _ENV_FILES:
        _note_env_file(root / name, project)


class _Reader:
    """Reads one file into the project."""

    def __init__(self, name: str, text: str, project: Project) -> None:
        self._name = name
        # Of the same length, so that places stay right.
        self._text = _COMMENT.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)
        self._project = project

    def read(self) -> None:
        self._note_routes()
        self._note_variables()
        for found in _IMPORT.finditer(self._text):
            self._project.words.add(found[1].lower())
        for found in _COLLECTION.finditer(self._text):
            path = re.sub(r"\$\{[^{}]*\}", HOLE, found[2])
            self._project.add_collection(path.split("/" + HOLE)[0], self._place(found))
        own = {route.path for route in self._project.routes}
        for found in _STRING.finditer(self._text):
            text = re.sub(r"\$\{[^{}]*\}", HOLE, next(filter(None, found.groups()), ""))
            place = self._place(found)
            self._project.add_hosts(text, place)
            if text not in own:
                self._project.add_called(text, place)
            self._project.add_stored(text, place)

    def _place(self, found: "re.Match[str]") -> Place:
        return Place(self._name, self._text.count("\n", 0, found.start()) + 1)

    # -- routes

    def _note_routes(self) -> None:
        handler = " ".join(
            word
            for word, rule in (("webhook", _PLATFORM), ("queue", _QUEUE))
            if rule.search(self._text)
        )
        if found := _APP_ROUTE.fullmatch(self._name):
            # Next.js docs, "Route Groups" and "Parallel Routes": no part of the address.
            parts = [part for part in found[1].split("/") if part and not re.match(r"[(@]", part)]
            self._add_route("/" + "/".join(parts), frozenset(self._exported()), handler)
        elif found := _PAGES_ROUTE.fullmatch(self._name):
            self._add_route("/" + re.sub(r"/index$", "", found[1]), frozenset(), handler)
        for found in _ROUTER.finditer(self._text):
            method = found[1].upper()
            methods = frozenset({method} if method in _METHODS else ())
            self._add_route(found[2], methods, "", self._place(found))
        for found in _NAMED.finditer(self._text):
            self._add_route(found[2], frozenset({found[1]}), "", self._place(found))
        for found in _COMPARED.finditer(self._text):
            self._add_route(found[1], frozenset(), "", self._place(found))

    def _exported(self) -> Iterator[str]:
        for found in _EXPORTED.finditer(self._text):
            names = [found[1]] if found[1] else re.split(r",", found[2])
            for name in names:
                exported = re.split(r"\bas\b|:", name)[-1].strip()
                if exported in _METHODS:
                    yield exported

    def _add_route(
        self, path: str, methods: frozenset[str], handler: str, place: Place | None = None
    ) -> None:
        # A part that differs from call to call is no address of a webhook.
        if not re.search(r"[\[\]:*${}]", path):
            self._project.routes.append(
                FoundRoute(
                    path=path,
                    methods=methods,
                    place=place or Place(self._name, 1),
                    handler=handler,
                )
            )

    # -- variables

    def _note_variables(self) -> None:
        owners = [_ENVIRONMENT, *(re.escape(found[1]) for found in _ALIAS.finditer(self._text))]
        owner = rf"(?<![\w.])(?:{'|'.join(owners)})"
        name = r"(?:\.([A-Z][A-Z0-9_]*)\b|\[[\"']([A-Z][A-Z0-9_]*)[\"']\])"
        for found in re.finditer(owner + name + r"(!(?!=))?", self._text):
            self._add_variable(found[1] or found[2], found, needed=found[3] is not None)
        for found in _TAKEN_APART.finditer(self._text):
            for part in found[1].split(","):
                self._add_variable(re.split(r"[:=]", part)[0].strip(), found, needed=False)

    def _add_variable(self, name: str, found: "re.Match[str]", *, needed: bool) -> None:
        if not _HOSTS_OWN.fullmatch(name):
            self._project.add_variable(name, self._place(found), read=True, needed=needed)


def _note_env_file(path: Path, project: Project) -> None:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return
    for number, line in enumerate(lines, start=1):
        found = re.match(r"\s*(?:export\s+)?([A-Z][A-Z0-9_]*)\s*=", line)
        if found and not _HOSTS_OWN.fullmatch(found[1]):
            project.add_variable(found[1], Place(path.name, number), read=False, needed=False)


def _command(root: Path, package: dict[str, object]) -> Command | None:
    scripts = _names(package, "scripts")
    script = scripts.get("start")
    build = "npm run build" if "build" in scripts else ""
    if script is not None:
        if _PORT.search(script) and re.fullmatch(r"[\w ./=-]+", script):
            free = _PORT.sub(r"\1 {port}", script)
            reason = "the start script of package.json, with a free port"
            return Command(f"npx {free}", reason, build)
        return Command("npm start", "the start script of package.json", build)
    if "next" in _names(package, "dependencies"):
        return Command("npx next start", "next is in package.json", build or "npx next build")
    for name in (package.get("main"), "server.js", "index.js"):
        if isinstance(name, str) and _SUFFIX.search(name) and (root / name).is_file():
            return Command(f"node {name}", "package.json has no start script")
    return None


def _vercel(root: Path, package: dict[str, object]) -> str:
    if (root / "vercel.json").exists():
        return "there is a vercel.json"
    return "next is in package.json" if "next" in _names(package, "dependencies") else ""


def _package(path: Path) -> dict[str, object] | None:
    try:
        package = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return package if isinstance(package, dict) else None


def _line_of(path: Path, text: str) -> int:
    lines = path.read_text(encoding="utf-8").splitlines()
    return next((number for number, line in enumerate(lines, start=1) if text in line), 1)


def _names(package: dict[str, object], key: str) -> dict[str, str]:
    table = package.get(key)
    if not isinstance(table, dict):
        return {}
    return {name: text for name, text in table.items() if isinstance(text, str)}

"""What can be told of a bot from its source alone, without importing any of it: applications,
routes, environment variables, collections.

Everything found is a guess with a place. Python is read here, JavaScript and TypeScript in
`project_node.py`.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.identity import source_files
from harness.project_names import HOLE, Names, SourceFile, assigned, callee, stem

# Callables that return an ASGI application.
APPLICATIONS = frozenset(
    {"ASGIMiddleware", "FastAPI", "Litestar", "Quart", "Starlette", "WSGIMiddleware", "WsgiToAsgi"}
)
_USUAL_NAMES = ("app", "application", "asgi", "handler")
_USUAL_FILES = ("main", "app", "index", "asgi", "server", "api")
_FACTORY = re.compile(r"(create|make|build|get)_(app|application)")
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_DECORATORS = frozenset({*(method.lower() for method in _METHODS), "route", "api_route"})
_ROUTE_CALLS = frozenset({"Route", "APIRoute", "add_api_route", "add_route", "add_url_rule"})
_TESTS = re.compile(r"(^|/)(tests?|testing)/|(^|/)(test_[^/]*|[^/]*_test|conftest)\.py$")
_VARIABLE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file below the root."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """`spec` is module:attribute; `score` says how much it looks like the one that is deployed."""

    spec: str
    place: Place
    score: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundRoute:
    """`methods` is empty where the source does not say which."""

    path: str
    methods: frozenset[str]
    place: Place
    handler: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """An environment variable; `needed` when the bot reads it in a way that fails without it."""

    name: str
    place: Place
    read: bool
    needed: bool


@dataclass(frozen=True, slots=True)
class Command:
    """What starts a bot that is no ASGI application, and the reason to think so; `build` is what
    has to be run before that, empty when nothing has.
    """

    text: str
    reason: str
    build: str = ""


@dataclass(slots=True)
class Project:
    """What was found, in the order of files and lines.

    `command` is None for a project that does not say how it is started, `vercel` what says that it
    is made for that host. `arguments` are names that the source passes to functions of its own.
    `paths` are paths that it names outside of its routes: addresses it calls. `words` are the names
    of libraries and hosts in it, in lower case; `hosts` those of addresses.
    """

    applications: list[Application] = field(default_factory=list)
    command: Command | None = None
    vercel: str = ""
    routes: list[FoundRoute] = field(default_factory=list)
    variables: dict[str, Variable] = field(default_factory=dict)
    collections: dict[str, Place] = field(default_factory=dict)
    arguments: dict[str, Place] = field(default_factory=dict)
    paths: dict[str, Place] = field(default_factory=dict)
    words: set[str] = field(default_factory=set)
    hosts: dict[str, Place] = field(default_factory=dict)
    unreadable: list[str] = field(default_factory=list)

    def mentions(self, word: str) -> bool:
        return any(word in known for known in self.words)

    def add_variable(self, name: str, place: Place, *, read: bool, needed: bool) -> None:
        """Keep a variable, or what is now known of it."""
        if not _VARIABLE.fullmatch(name):
            return
        known = self.variables.get(name)
        if known is None or (read, needed) > (known.read, known.needed):
            self.variables[name] = Variable(name=name, place=place, read=read, needed=needed)

    def add_hosts(self, text: str, place: Place) -> None:
        """Keep the hosts of the addresses in a text."""
        for host in re.findall(r"https?://((?:[a-z0-9-]+\.)+[a-z]{2,})", text.lower()):
            self.words.add(host)
            self.hosts.setdefault(host, place)

    def add_called(self, text: str, place: Place) -> None:
        """Keep a text if it is a path below an address that the bot calls."""
        called = text.removeprefix(HOLE)
        if re.fullmatch(r"/[\w./-]*", called) and called.count("/") < 8:
            self.paths.setdefault(called, place)

    def add_stored(self, text: str, place: Place) -> None:
        """Keep the collection in a text if it is the path of a document."""
        stored = re.search(r"/documents/([^:?]+)", text) or re.match(
            r"(?:\{\}/)?([^:?]+)/\{\}$", text
        )
        if stored:
            self.add_collection(stored[1].removesuffix("/" + HOLE), place)

    def add_collection(self, path: str, place: Place) -> None:
        """Keep a collection, if this is the path of one."""
        parts = path.strip("/").split("/")
        # Firestore docs, "Data model": collections and documents take turns in a path.
        if all(re.fullmatch(r"[\w-]+", part) for part in parts) and len(parts) % 2:
            self.collections.setdefault("/".join(parts), place)


def look_at(root: Path) -> Project:
    """Read every source file of the project below `root`, tests left out.

    Raises UsageError as `identify` does.
    """
    from harness.project_node import read_node

    project = Project()
    files = []
    found = sorted(source_files(root))
    for name, path in found:
        if name.endswith(".py") and not _TESTS.search(name):
            try:
                files.append(SourceFile(name, ast.parse(path.read_bytes())))
            except (OSError, SyntaxError, ValueError, RecursionError):
                project.unreadable.append(name)
    shared = Names(files)
    for file in files:
        _Reader(file, shared, project).read()
    project.applications.sort(key=lambda found: (-found.score, str(found.place)))
    read_node(root, found, project)
    return project


class _Reader:
    """Reads one file into the project."""

    def __init__(self, file: SourceFile, shared: Names, project: Project) -> None:
        self._file = file
        self._shared = shared
        self._project = project
        # Expressions that are the path of a route, so no address that the bot calls.
        self._own_paths: set[int] = set()

    def read(self) -> None:
        for statement in self._file.tree.body:
            self._note_application(statement)
        for node in ast.walk(self._file.tree):
            self._note_words(node)
            self._note_variable(node)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                for decorator in node.decorator_list:
                    self._note_decorator(decorator, node.name)
            elif isinstance(node, ast.match_case):
                self._note_case(node.pattern)
            elif isinstance(node, ast.Compare):
                self._note_comparison(node)
        self._note_route_calls(self._file.tree, "")
        for node in ast.walk(self._file.tree):
            if isinstance(node, ast.expr):
                self._note_text(node)

    def _place(self, node: ast.AST) -> Place:
        return Place(self._file.name, getattr(node, "lineno", 1))

    def _text(self, node: ast.expr | None) -> str | None:
        return self._shared.text(node, self._file.name)

    # -- applications

    def _note_application(self, node: ast.stmt) -> None:
        name, value = assigned(node)
        score = None
        if isinstance(value, ast.Call):
            called = callee(value)
            if called in APPLICATIONS or self._makes_application(called):
                score = 4
            elif name in _USUAL_NAMES and called != "Flask":
                score = 2
        elif isinstance(node, ast.AsyncFunctionDef) and len(node.args.args) == 3:
            names = [argument.arg for argument in node.args.args]
            if names == ["scope", "receive", "send"]:
                name, score = node.name, 4
        elif isinstance(node, ast.FunctionDef) and _FACTORY.fullmatch(node.name):
            defaults = len(node.args.defaults)
            if len(node.args.args) == defaults and self._makes_application(node.name):
                name, score = node.name + "()", 1
        if score is None or not self._file.module:
            return
        depth = self._file.module.count(".")
        score = score * 4 + 2 * (name in _USUAL_NAMES) - depth
        score += 2 * (stem(self._file.name) in _USUAL_FILES)
        self._project.applications.append(
            Application(spec=f"{self._file.module}:{name}", place=self._place(node), score=score)
        )

    def _makes_application(self, function: str) -> bool:
        node = self._shared.functions.get(function)
        if node is None or _FACTORY.fullmatch(function):
            return node is not None
        names = {callee(one) for one in ast.walk(node) if isinstance(one, ast.Call)}
        names |= {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
        return not APPLICATIONS.isdisjoint(names)

    # -- routes

    def _note_decorator(self, node: ast.expr, handler: str) -> None:
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            return
        if node.func.attr not in _DECORATORS:
            return
        method = node.func.attr.upper()
        path = self._path_of(node)
        if path is None:
            return
        base = node.func.value.id if isinstance(node.func.value, ast.Name) else ""
        prefix = self._shared.prefixes.get((stem(self._file.name), base), "")
        methods = frozenset({method}) if method in _METHODS else _methods(node, {"GET"})
        self._add_route(prefix + path, methods, node, handler)

    def _note_route_calls(self, node: ast.AST, prefix: str) -> None:
        """Route(...) and the like, within the Mount(...) around them."""
        for child in ast.iter_child_nodes(node):
            inner = prefix
            if isinstance(child, ast.Call):
                called = callee(child)
                if called in _ROUTE_CALLS:
                    path = self._path_of(child)
                    if path is not None:
                        endpoint, handler = self._endpoint(child)
                        methods = _methods(child, endpoint)
                        self._add_route(prefix + path, methods, child, handler)
                elif called == "Mount":
                    path = self._path_of(child)
                    inner = prefix + (path or "").rstrip("/")
            self._note_route_calls(child, inner)

    def _path_of(self, call: ast.Call) -> str | None:
        argument = call.args[0] if call.args else None
        for keyword in call.keywords:
            if keyword.arg in ("path", "rule"):
                argument = keyword.value
        path = self._text(argument)
        if argument is None or path is None or not re.match(r"/|$", path):
            return None
        self._own_paths.update(id(node) for node in ast.walk(argument))
        return path

    def _endpoint(self, call: ast.Call) -> tuple[set[str], str]:
        """The methods that an endpoint takes without saying so, and its name."""
        values = [*call.args[1:2], *(k.value for k in call.keywords if k.arg == "endpoint")]
        names = [
            node.id if isinstance(node, ast.Name) else node.attr
            for value in values
            for node in ast.walk(value)
            if isinstance(node, ast.Name | ast.Attribute)
        ]
        for name in names:
            if name in self._shared.classes:
                defined = {
                    one.name.upper()
                    for one in self._shared.classes[name].body
                    if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)
                }
                return defined & set(_METHODS), name
        return {"GET"}, " ".join(names)

    def _note_case(self, pattern: ast.pattern) -> None:
        match pattern:
            case ast.MatchSequence(
                patterns=[
                    ast.MatchValue(value=ast.Constant(value=str(method))),
                    ast.MatchValue(value=ast.Constant(value=str(path)) as constant),
                ]
            ) if method in _METHODS and path.startswith("/"):
                self._own_paths.add(id(constant))
                self._add_route(path, frozenset({method}), pattern, "")

    def _note_comparison(self, node: ast.Compare) -> None:
        """`if request.path == "/webhook"` of an app without a router."""
        for constant in node.comparators:
            path = self._text(constant)
            if path is None or not path.startswith("/"):
                continue
            if isinstance(node.ops[0], ast.Eq) and "path" in ast.unparse(node.left):
                self._own_paths.add(id(constant))
                self._add_route(path, frozenset(), node, "")

    def _add_route(self, path: str, methods: frozenset[str], node: ast.AST, handler: str) -> None:
        if HOLE not in path and not re.search(r"[{}<>\s]", path):
            self._project.routes.append(
                FoundRoute(
                    path=path or "/", methods=methods, place=self._place(node), handler=handler
                )
            )

    # -- what else the source says

    def _note_words(self, node: ast.AST) -> None:
        match node:
            case ast.Import(names=names):
                self._project.words.update(alias.name.lower() for alias in names)
            case ast.ImportFrom(module=str(module), names=names):
                found = (f"{module}.{alias.name}".lower() for alias in names)
                self._project.words.update(found)
            case ast.Constant(value=str(text)):
                self._project.add_hosts(text, self._place(node))

    def _note_variable(self, node: ast.AST) -> None:
        match node:
            case ast.Subscript(value=owner, slice=ast.Constant(value=str(name)), ctx=ast.Load()):
                read = "environ" in ast.unparse(owner)
                self._add_variable(name, node, read=read, needed=read)
            case ast.Call(func=function, args=[ast.Constant(value=str(name)), *_]):
                called = ast.unparse(function)
                read = called.endswith(("environ.get", "getenv"))
                self._add_variable(name, node, read=read, needed=False)
            case ast.ClassDef(bases=bases, body=body) if any(
                "Settings" in ast.unparse(base) for base in bases
            ):
                # pydantic-settings: a field is the variable of its name in capitals.
                for one in body:
                    if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name):
                        needed = one.value is None
                        name = one.target.id.upper()
                        self._add_variable(name, one, read=True, needed=needed)
            case ast.Constant(value=str(name)) if "_" in name:
                self._add_variable(name, node, read=False, needed=False)

    def _add_variable(self, name: str, node: ast.AST, *, read: bool, needed: bool) -> None:
        self._project.add_variable(name, self._place(node), read=read, needed=needed)

    def _note_text(self, node: ast.expr) -> None:
        if isinstance(node, ast.Call):
            first = self._text(node.args[0]) if node.args else None
            if first is None:
                return
            called = callee(node)
            if called == "collection":
                self._project.add_collection(first, self._place(node))
            elif called in self._shared.own and re.fullmatch(r"[A-Za-z][\w/-]*", first):
                self._project.arguments.setdefault(first, self._place(node))
            return
        text = self._text(node)
        if text is None:
            return
        if id(node) not in self._own_paths:
            self._project.add_called(text, self._place(node))
        self._project.add_stored(text, self._place(node))


def by_path(routes: Sequence[FoundRoute]) -> Mapping[str, list[FoundRoute]]:
    """Routes by their paths, in the order of the first of each."""
    found: dict[str, list[FoundRoute]] = defaultdict(list)
    for route in routes:
        found[route.path].append(route)
    return found


def _methods(call: ast.Call, default: set[str]) -> frozenset[str]:
    for keyword in call.keywords:
        if keyword.arg == "methods" and isinstance(keyword.value, ast.List | ast.Tuple | ast.Set):
            return frozenset(_strings(keyword.value.elts))
    return frozenset(default)


def _strings(nodes: Sequence[ast.expr]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value.upper()

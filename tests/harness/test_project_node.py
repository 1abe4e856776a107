import json
from pathlib import Path
from typing import Any

import pytest

from harness.project import Command, Project, look_at

NEXT = {"dependencies": {"next": "16.0.0"}, "scripts": {"build": "next build"}}


def project_of(
    folder: Path, files: dict[str, str], package: dict[str, Any] | None = None
) -> Project:
    """A project of these files beside a package.json."""
    for name, text in {"package.json": json.dumps(package or {}), **files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return look_at(folder)


def routes(project: Project) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for route in project.routes:
        found.setdefault(route.path, set()).update(route.methods)
    return found


# -- routes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("app/api/hook/route.ts", "/api/hook"),
        ("src/app/api/hook/route.js", "/api/hook"),
        ("app/(bots)/api/@x/hook/route.tsx", "/api/hook"),
        ("app/route.ts", "/"),
        ("pages/api/hook.ts", "/api/hook"),
        ("src/pages/api/hook/index.js", "/api/hook"),
    ],
)
def test_route__of_next_is_named_by_its_file(tmp_path: Path, name: str, path: str) -> None:
    assert list(routes(project_of(tmp_path, {name: ""}))) == [path]


@pytest.mark.parametrize(
    "name", ["app/api/[id]/route.ts", "app/api/hook/page.tsx", "lib/api/route.ts"]
)
def test_route__of_next_is_no_other_file(tmp_path: Path, name: str) -> None:
    assert project_of(tmp_path, {name: "export function POST() {}"}).routes == []


@pytest.mark.parametrize(
    "text",
    [
        "export async function GET() {}\nexport function POST() {}",
        "export const GET = handler, x = 1;\nexport const POST: Handler = wrapped(handler);",
        "export { GET, handler as POST };",
        "export const { GET, POST } = serve(bot);",
        "const handler = 1; export { handler as GET, handler as POST }; // export { PUT }",
    ],
)
def test_route__of_next_has_the_methods_that_it_exports(tmp_path: Path, text: str) -> None:
    project = project_of(tmp_path, {"app/api/hook/route.ts": text})
    assert routes(project) == {"/api/hook": {"GET", "POST"}}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("app.post('/hook', handler);", {"/hook": {"POST"}}),
        ("router\n  .get(`/hook`, a)\n  .post(`/hook`, b);", {"/hook": {"GET", "POST"}}),
        ("app.all('/hook', handler);", {"/hook": set()}),
        ("if (url.pathname === '/hook') {}", {"/hook": set()}),
        ("switch (x) { case 'POST /hook': }", {"/hook": {"POST"}}),
        ("app.post('/users/:id', handler);", {}),
        ("// app.post('/hook', handler);", {}),
    ],
)
def test_route__of_a_server(tmp_path: Path, text: str, expected: dict[str, set[str]]) -> None:
    assert routes(project_of(tmp_path, {"server.js": text})) == expected


def test_route__says_whom_it_is_for(tmp_path: Path) -> None:
    files = {
        "app/a/route.ts": "query.get('hub.challenge')",
        "app/b/route.ts": "export const POST = verifySignatureAppRouter(handler)",
        "app/c/route.ts": "",
    }
    handlers = [route.handler for route in project_of(tmp_path, files).routes]
    assert handlers == ["webhook", "queue", ""]


# -- what else the source says ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "needed"),
    [
        ("const a = process.env.APP_SECRET;", False),
        ("const a = process.env['APP_SECRET'] ?? '';", False),
        ("const env = process.env;\nuse(env.APP_SECRET);", False),
        ("const { APP_SECRET, OTHER: other } = process.env;", False),
        ("const a = process.env.APP_SECRET!;", True),
        ("if (process.env.APP_SECRET != null) {}", False),
    ],
)
def test_variable__is_found(tmp_path: Path, text: str, needed: bool) -> None:
    found = project_of(tmp_path, {"lib/env.ts": text}).variables["APP_SECRET"]
    assert (found.read, found.needed) == (True, needed)


def test_variable__of_a_host_or_of_another_object_is_none(tmp_path: Path) -> None:
    text = "use(process.env.NODE_ENV, process.env.PORT, other.APP_SECRET, my.process.env.X_Y)"
    assert project_of(tmp_path, {"lib/env.ts": text}).variables == {}


def test_variable__in_an_example_of_the_environment(tmp_path: Path) -> None:
    project = project_of(tmp_path, {".env.example": "# secrets\nexport APP_SECRET=x\nPORT=1\n"})
    (found,) = project.variables.values()
    assert (found.name, str(found.place), found.read) == ("APP_SECRET", ".env.example:2", False)


def test_variables__that_the_sdk_of_the_queue_reads_by_itself(tmp_path: Path) -> None:
    files = {"lib/queue.ts": "new Client({ token: process.env.QSTASH_TOKEN })"}
    project = project_of(tmp_path, files, {"dependencies": {"@upstash/qstash": "2.12.0"}})
    assert {name: found.place.file for name, found in project.variables.items()} == {
        "QSTASH_TOKEN": "lib/queue.ts",
        "QSTASH_URL": "package.json",
        "QSTASH_CURRENT_SIGNING_KEY": "package.json",
        "QSTASH_NEXT_SIGNING_KEY": "package.json",
    }
    assert project.mentions("qstash")


@pytest.mark.parametrize(
    "text",
    [
        "db.collection('seen').doc(mid)",
        "doc(db, `seen/${mid}`)",
        "call('GET', `/seen/${mid}`)",
        "fetch(`${url}/${root}/documents/seen/${mid}`)",
        "const name = `${root}/seen/${mid}`;",
    ],
)
def test_collection__is_found(tmp_path: Path, text: str) -> None:
    assert list(project_of(tmp_path, {"lib/store.ts": text}).collections) == ["seen"]


def test_addresses__are_found(tmp_path: Path) -> None:
    text = "import { x } from 'openai';\nfetch('https://api.openai.com/v1');\nuse(`${own}/jobs`);"
    project = project_of(tmp_path, {"lib/a.ts": text})
    assert (str(project.hosts["api.openai.com"]), list(project.paths)) == ("lib/a.ts:2", ["/jobs"])
    assert project.mentions("openai")


@pytest.mark.parametrize(
    "name", ["lib/a.test.ts", "__tests__/a.ts", "next.config.ts", "types.d.ts", "node_modules/a.js"]
)
def test_files_that_are_not_the_bot__are_left_out(tmp_path: Path, name: str) -> None:
    assert project_of(tmp_path, {name: "use(process.env.APP_SECRET)"}).variables == {}


def test_file_that_is_no_text__is_named(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text("{}")
    (tmp_path / "a.js").write_bytes(b"\xff\xfe")
    assert look_at(tmp_path).unreadable == ["a.js"]


@pytest.mark.parametrize("package", [None, "[]", "{"])
def test_without_a_package__nothing_is_read(tmp_path: Path, package: str | None) -> None:
    (tmp_path / "server.js").write_text("app.post('/hook', handler)")
    if package is not None:
        (tmp_path / "package.json").write_text(package)
    project = look_at(tmp_path)
    assert (project.routes, project.command) == ([], None)


# -- how it is started -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("package", "command", "build"),
    [
        ({"scripts": {"start": "node bot.js"}}, "npm start", ""),
        ({"scripts": {"start": "next start", "build": "next build"}}, "npm start", "npm run build"),
        ({"scripts": {"start": "next start -p 3000"}}, "npx next start -p {port}", ""),
        ({"scripts": {"start": "next start --port=80"}}, "npx next start --port {port}", ""),
        (NEXT, "npx next start", "npm run build"),
        ({"dependencies": {"next": "16.0.0"}}, "npx next start", "npx next build"),
        ({"main": "bot.js"}, "node bot.js", ""),
    ],
)
def test_command__is_found(
    tmp_path: Path, package: dict[str, Any], command: str, build: str
) -> None:
    found = project_of(tmp_path, {"bot.js": ""}, package).command
    assert isinstance(found, Command)
    assert (found.text, found.build) == (command, build)


def test_command__of_a_package_that_starts_nothing(tmp_path: Path) -> None:
    assert project_of(tmp_path, {}, {"main": "gone.js", "scripts": {"test": "x"}}).command is None


@pytest.mark.parametrize(
    ("files", "package", "reason"),
    [
        ({"vercel.json": "{}"}, {}, "there is a vercel.json"),
        ({}, NEXT, "next is in package.json"),
        ({}, {}, ""),
    ],
)
def test_vercel__is_told(
    tmp_path: Path, files: dict[str, str], package: dict[str, Any], reason: str
) -> None:
    assert project_of(tmp_path, files, package).vercel == reason

from pathlib import Path

import pytest

from harness.project import Place, Project, look_at


def project_of(folder: Path, **files: str) -> Project:
    """A project of these files; `__` in a name stands for a slash."""
    for name, text in files.items():
        path = folder / (name.replace("__", "/") + ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return look_at(folder)


def specs(project: Project) -> list[str]:
    return [found.spec for found in project.applications]


def routes(project: Project) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for route in project.routes:
        found.setdefault(route.path, set()).update(route.methods)
    return found


# -- applications ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "from fastapi import FastAPI\napp = FastAPI()",
        "import starlette.applications as s\napp = s.Starlette(routes=[])",
        "app: object = FastAPI()",
        "def create_app(): return Starlette()\napp = create_app()",
        "def wrapped(x): return WSGIMiddleware(x)\nflask = Flask(__name__)\napp = wrapped(flask)",
        "async def app(scope, receive, send): pass",
    ],
)
def test_application__is_found(tmp_path: Path, text: str) -> None:
    assert specs(project_of(tmp_path, main=text))[0] == "main:app"


def test_application__factory_without_a_variable(tmp_path: Path) -> None:
    text = "def create_app(settings=None): return Starlette()\ndef make_app(needed): pass"
    assert specs(project_of(tmp_path, bot__main=text)) == ["bot.main:create_app()"]


def test_application__the_likeliest_comes_first(tmp_path: Path) -> None:
    text = "app = FastAPI()"
    project = project_of(tmp_path, bot__extra__other=text, bot__main=text, tests__main=text)
    assert specs(project) == ["bot.main:app", "bot.extra.other:app"]


def test_application__below_src_and_in_a_package(tmp_path: Path) -> None:
    (tmp_path / "src" / "bot").mkdir(parents=True)
    (tmp_path / "src" / "bot" / "__init__.py").write_text("app = FastAPI()")
    assert specs(look_at(tmp_path)) == ["bot:app"]


def test_application__in_a_file_that_can_not_be_imported(tmp_path: Path) -> None:
    (tmp_path / "my-bot.py").write_text("app = FastAPI()")
    assert specs(look_at(tmp_path)) == []


# -- routes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@app.get('/a')\n@app.post('/a')\ndef f(): pass", {"/a": {"GET", "POST"}}),
        ("@app.route('/a', methods=['GET', 'POST'])\ndef f(): pass", {"/a": {"GET", "POST"}}),
        ("A = '/a'\n@app.post(A)\ndef f(): pass", {"/a": {"POST"}}),
        ("BASE = '/api'\n@app.post(BASE + '/a')\ndef f(): pass", {"/api/a": {"POST"}}),
        ("r = [Route('/a', f, methods=['POST']), Route('/b', f)]", {"/a": {"POST"}, "/b": {"GET"}}),
        ("r = [Mount('/api', routes=[Route('/a', f)])]", {"/api/a": {"GET"}}),
        ("app.add_api_route(path='/a', endpoint=f, methods=['POST'])", {"/a": {"POST"}}),
        (
            "class W(HTTPEndpoint):\n def get(self): pass\n def post(self): pass\nRoute('/a', W)",
            {"/a": {"GET", "POST"}},
        ),
        (
            "r = APIRouter(prefix='/v1')\n@r.post('/a')\ndef f(): pass\n"
            "app.include_router(r, prefix='/api')",
            {"/api/v1/a": {"POST"}},
        ),
        (
            "match scope['method'], scope['path']:\n case 'POST', '/a': pass",
            {"/a": {"POST"}},
        ),
        ("if scope['path'] == '/a': pass", {"/a": set()}),
        ("@app.get('/a/{item}')\ndef f(): pass", {}),
        ("cache.get('/a')\nclient.post('/b')", {}),
    ],
)
def test_routes__are_found(tmp_path: Path, text: str, expected: dict[str, set[str]]) -> None:
    assert routes(project_of(tmp_path, main=text)) == expected


def test_routes__of_a_router_in_another_file(tmp_path: Path) -> None:
    project = project_of(
        tmp_path,
        bot__hooks="router = APIRouter()\n@router.post('/a')\ndef f(): pass",
        bot__jobs="router = APIRouter()\n@router.post('/b')\ndef f(): pass",
        bot__main="from bot import hooks\nfrom bot.jobs import router as jobs\n"
        "app.include_router(hooks.router, prefix='/x')\napp.include_router(jobs, prefix='/y')",
    )
    assert routes(project) == {"/x/a": {"POST"}, "/y/b": {"POST"}}


def test_routes__of_a_constant_in_another_file(tmp_path: Path) -> None:
    project = project_of(
        tmp_path,
        settings="HOOK = '/hook'",
        main="from settings import HOOK\nr = [Route(HOOK, f, methods=['POST'])]",
    )
    assert routes(project) == {"/hook": {"POST"}}


# -- the rest --------------------------------------------------------------------------------------


def test_paths__are_those_that_the_bot_calls(tmp_path: Path) -> None:
    project = project_of(
        tmp_path,
        main="JOBS = os.environ['PUBLIC_URL'] + '/jobs'\nurl = f'{BASE}/work'\n"
        "@app.post('/jobs')\ndef f(): pass\n@app.post('/hook')\ndef g(): pass",
    )
    assert {"/jobs", "/work"} <= set(project.paths)
    assert "/hook" not in project.paths


def test_variables__say_how_they_are_read(tmp_path: Path) -> None:
    project = project_of(
        tmp_path,
        main="import os\na = os.environ['A_KEY']\nb = os.getenv('B_KEY')\nc = read('C_KEY')\n"
        "d = os.environ.get('PLAIN', '')\ne = 'NOT a name'\nf = os.environ.get('A_KEY')",
        settings="class S(BaseSettings):\n qstash_token: str\n debug: bool = False",
    )
    found = {name: (one.read, one.needed) for name, one in project.variables.items()}
    assert found == {
        "A_KEY": (True, True),
        "B_KEY": (True, False),
        "C_KEY": (False, False),
        "PLAIN": (True, False),
        "QSTASH_TOKEN": (True, True),
        "DEBUG": (True, False),
    }
    assert project.variables["A_KEY"].place == Place("main.py", 2)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("x = f'projects/{p}/databases/(default)/documents/seen'", "seen"),
        ("ROOT = f'{p}/documents'\ny = f'{ROOT}/seen/{mid}'", "seen"),
        ("y = f'{root}/shops/one/seen/{mid}'", "shops/one/seen"),
        ("y = db.collection('seen').document(mid)", "seen"),
    ],
)
def test_collections__are_found(tmp_path: Path, text: str, path: str) -> None:
    assert list(project_of(tmp_path, main=text).collections) == [path]


def test_words_and_hosts__are_those_of_imports_and_addresses(tmp_path: Path) -> None:
    project = project_of(
        tmp_path, main="from qstash import QStash\nx = 'https://api.openai.com/v1/chat'"
    )
    assert project.mentions("qstash")
    assert list(project.hosts) == ["api.openai.com"]
    assert not project.mentions("firestore")


def test_file_that_is_no_python__is_named(tmp_path: Path) -> None:
    project = project_of(tmp_path, bad="def (", null="x = 1\0", main="app = FastAPI()")
    assert project.unreadable == ["bad.py", "null.py"]
    assert specs(project) == ["main:app"]

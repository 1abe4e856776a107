import re
from pathlib import Path

import pytest

from emulator.exchange import Request
from emulator.firestore import Firestore
from emulator.kernel import Kernel
from emulator.meta import Messenger
from emulator.qstash import QStash
from emulator.redis import Keyspace
from emulator.upstash import Upstash
from harness.errors import ProfileError
from harness.profile import Profile, load_profile
from harness.profile_keys import ANSWER, FAKED_HOSTS, SERVICE
from harness.profile_services import Service, ServiceAnswer

APP = 'app = "mybot.main:app"'
HOST = 'host = "api.openai.com"'
JSON = ("content-type", "application/json")
TEXT = ("content-type", "text/plain; charset=utf-8")


def profile_of(folder: Path, text: str) -> Profile:
    (folder / "thrice.toml").write_text(text, encoding="utf-8")
    return load_profile(None, app="a:b", start=folder)


def service_of(folder: Path, lines: str) -> Service:
    (service,) = profile_of(folder, f"[[services]]\n{HOST}\n{lines}\n").services
    return service


def answer_of(folder: Path, lines: str) -> ServiceAnswer:
    (answer,) = service_of(folder, lines).answers
    return answer


def exactly(message: str) -> str:
    return f"^{re.escape(message)}$"


# -- what is read ----------------------------------------------------------------------------------


def test_defaults(tmp_path: Path) -> None:
    assert service_of(tmp_path, "") == Service(
        host="api.openai.com",
        method=None,
        path="/*",
        answers=(ServiceAnswer(status=200, headers=(), body=b"", latency_s=0.0, fault=None),),
    )


def test_without_a_table_there_are_none(tmp_path: Path) -> None:
    assert profile_of(tmp_path, f"[bot]\n{APP}\n").services == ()


def test_tables_keep_their_order(tmp_path: Path) -> None:
    services = profile_of(
        tmp_path, '[[services]]\nhost = "B.example:8443"\n[[services]]\nhost = "*.a.example"\n'
    ).services

    assert [service.host for service in services] == ["b.example:8443", "*.a.example"]


def test_table_in_pyproject(tmp_path: Path) -> None:
    text = f"[tool.thrice.bot]\n{APP}\n[[tool.thrice.services]]\n{HOST}\n"
    (tmp_path / "pyproject.toml").write_text(text)

    assert load_profile(None, start=tmp_path).services == (Service(host="api.openai.com"),)


def test_json_is_the_body_as_it_is_written(tmp_path: Path) -> None:
    answer = answer_of(tmp_path, 'json = { b = [1, 2.5, true], a = { text = "é" } }')

    assert answer.body == '{"b":[1,2.5,true],"a":{"text":"é"}}'.encode()
    assert answer.headers == (JSON,)


def test_json_array(tmp_path: Path) -> None:
    assert answer_of(tmp_path, "json = []").body == b"[]"


@pytest.mark.parametrize("body", ["made", "{}", "no.json here", "a\\nb.json", "", "x.html"])
def test_body__is_the_text_itself(tmp_path: Path, body: str) -> None:
    answer = answer_of(tmp_path, f'body = "{body}"')

    assert answer.body == body.replace("\\n", "\n").encode()
    assert answer.headers == (TEXT,)


@pytest.mark.parametrize(("name", "header"), [("a.json", JSON), ("b c.txt", TEXT)])
def test_body__is_a_file_beside_the_profile(
    tmp_path: Path, name: str, header: tuple[str, str]
) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / name).write_text('{ "id": 1 }\n')

    answer = answer_of(tmp_path, f'body = "tests/{name}"')

    assert answer == ServiceAnswer(body=b'{ "id": 1 }\n', headers=(header,))


def test_headers__a_content_type_of_ones_own(tmp_path: Path) -> None:
    lines = 'json = {}\nheaders = { Content-Type = "application/problem+json", x = "" }'

    assert answer_of(tmp_path, lines).headers == (
        ("Content-Type", "application/problem+json"),
        ("x", ""),
    )


def test_service_on_the_machine_of_the_bot_at_another_port(tmp_path: Path) -> None:
    profile = profile_of(
        tmp_path,
        '[bot]\npublic_url = "http://127.0.0.1:8080"\n[[services]]\nhost = "127.0.0.1:9000"\n',
    )

    assert [service.host for service in profile.services] == ["127.0.0.1:9000"]


def test_answers_in_turn(tmp_path: Path) -> None:
    service = service_of(
        tmp_path,
        'method = "POST"\nanswers = [{ status = 500, latency_s = 1 }, { fault = "timeout" }, {}]',
    )

    assert service.method == "POST"
    assert service.answers == (
        ServiceAnswer(status=500, latency_s=1.0),
        ServiceAnswer(fault="timeout"),
        ServiceAnswer(),
    )


def test_answers_as_tables_of_their_own(tmp_path: Path) -> None:
    lines = "[[services.answers]]\nstatus = 503\n[[services.answers]]\njson = { id = 1 }"

    assert [answer.status for answer in service_of(tmp_path, lines).answers] == [503, 200]


# -- what is refused -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "wrong", "example"),
    [
        ("host = 1", "has to be a string, not a whole number", HOST),
        (
            'host = "https://api.openai.com"',
            '"https://api.openai.com" has to be a host only, without a scheme, path or user name',
            HOST,
        ),
        (
            'host = "api.openai.com/v1"',
            '"api.openai.com/v1" has to be a host only, without a scheme, path or user name',
            HOST,
        ),
        (
            'host = "me@api.openai.com"',
            '"me@api.openai.com" has to be a host only, without a scheme, path or user name',
            HOST,
        ),
        (
            'host = "api.openai.com:70000"',
            '"api.openai.com:70000" has a port out of range, it has to be from 1 to 65,535',
            HOST,
        ),
        (
            'host = "*"',
            '"*" has to be * and a domain of two names or more, without a port',
            HOST,
        ),
        (
            'host = "*.com"',
            '"*.com" has to be * and a domain of two names or more, without a port',
            HOST,
        ),
        (
            'host = "Graph.facebook.com"',
            '"graph.facebook.com" is part of every world already; take this table out',
            HOST,
        ),
        (
            'host = "my-bot.example.com"',
            '"my-bot.example.com" is the bot itself, see public_url',
            HOST,
        ),
        (
            'method = "POTS"',
            '"POTS" is unknown, did you mean "POST"?\n'
            '  known: "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"',
            'method = "POST"',
        ),
        ('path = "v1"', '"v1" has to begin with "/"', 'path = "/v1/chat/*"'),
        (
            'path = "/v1?model=x"',
            '"/v1?model=x" has to be a path as it is sent, without query or fragment',
            'path = "/v1/chat/*"',
        ),
        (
            "status = 100",
            "100 is out of range, it has to be from 200 to 599",
            "status = 200",
        ),
        (
            'body = "no.json"',
            'the file "no.json" can not be read: No such file or directory',
            'body = "tests/completion.json"',
        ),
        ("body = {}", "has to be a string, not a table", 'body = "tests/completion.json"'),
        (
            'json = "{}"',
            "has to be a table or an array, not a string",
            "json = { id = 1, choices = [] }",
        ),
        (
            "json = { at = [2026-01-01] }",
            "holds a date or time, which JSON can not; write it as a string",
            "json = { id = 1, choices = [] }",
        ),
        (
            "json = { a = nan }",
            "holds nan, which JSON can not",
            "json = { id = 1, choices = [] }",
        ),
        ('headers = "x"', "has to be a table, not a string", 'headers = { retry-after = "1" }'),
        (
            "headers = { retry-after = 1 }",
            "retry-after has to be a string, not a whole number",
            'headers = { retry-after = "1" }',
        ),
        (
            'headers = { "a b" = "1" }',
            '"a b" can not name a header',
            'headers = { retry-after = "1" }',
        ),
        (
            'headers = { authorization = "hunter2\\r\\nx: y" }',
            "authorization has to be printable ASCII, without blanks around it",
            'headers = { retry-after = "1" }',
        ),
        (
            'headers = { Content-Length = "3" }',
            "Content-Length follows from the body; take it out",
            'headers = { retry-after = "1" }',
        ),
        (
            "latency_s = -1",
            "-1 is out of range, it has to be at least 0 and at most 900",
            "latency_s = 0.8",
        ),
        (
            'fault = "time-out"',
            '"time-out" is unknown, did you mean "timeout"?\n'
            '  known: "refused", "timeout", "reset"',
            'fault = "timeout"',
        ),
        (
            "answers = 3",
            "has to be an array of tables, not a whole number",
            "answers = [{ status = 200 }, { status = 500 }]",
        ),
        (
            "answers = []",
            "has to be an array of tables, not an empty one",
            "answers = [{ status = 200 }, { status = 500 }]",
        ),
        (
            "answers = [200, 500]",
            "has to be an array of tables, not one with other values in it",
            "answers = [{ status = 200 }, { status = 500 }]",
        ),
        (
            "staus = 200",
            "unknown key, did you mean status?\n  known: host, method, path, status, body, json, "
            "headers, latency_s, fault, answers",
            "status = 200",
        ),
    ],
)
def test_wrong_value(tmp_path: Path, line: str, wrong: str, example: str) -> None:
    key = line.partition(" ")[0]
    text = line if key == "host" else f"{HOST}\n{line}"
    message = f"thrice.toml: [[services]] 2 {key}: {wrong}\n  for example: {example}"
    with pytest.raises(ProfileError, match=exactly(message)):
        profile_of(tmp_path, f"[[services]]\n{HOST}\n[[services]]\n{text}\n")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        pytest.param(
            'fault = "reset"\nstatus = 500',
            "1 status: can not stand beside fault: no response comes\n"
            '  for example: fault = "timeout"',
            id="status of a fault",
        ),
        pytest.param(
            'fault = "timeout"\nlatency_s = 3',
            "1 latency_s: can not stand beside fault: no response comes\n"
            '  for example: fault = "timeout"',
            id="latency of a timeout",
        ),
        pytest.param(
            'body = "x"\njson = {}',
            "1 body: can not stand beside json: only one of them can be sent\n"
            "  for example: json = { id = 1, choices = [] }",
            id="two bodies",
        ),
        pytest.param(
            "status = 204\njson = {}",
            "1 json: can not stand beside status: 204 has no body\n  for example: status = 200",
            id="body of a 204",
        ),
        pytest.param(
            "status = 500\nanswers = [{}]",
            "1 status: with answers beside it, it belongs into each of them\n"
            "  for example: answers = [{ status = 200 }, { status = 500 }]",
            id="status beside answers",
        ),
        pytest.param(
            "answers = [{}, { status = 99 }]",
            "1 answers 2 status: 99 is out of range, it has to be from 200 to 599\n"
            "  for example: status = 200",
            id="value of an answer",
        ),
        pytest.param(
            'answers = [{ host = "x.example" }]',
            "1 answers 1 host: unknown key\n"
            "  known: status, body, json, headers, latency_s, fault\n  for example: status = 200",
            id="key of an answer",
        ),
        pytest.param(
            '"sta tus" = 1',
            '1 "sta tus": unknown key, did you mean status?\n'
            "  known: host, method, path, status, body, json, headers, latency_s, fault, answers\n"
            "  for example: status = 200",
            id="key that has to be quoted",
        ),
    ],
)
def test_wrong_together(tmp_path: Path, lines: str, message: str) -> None:
    with pytest.raises(ProfileError, match=exactly(f"thrice.toml: [[services]] {message}")):
        service_of(tmp_path, lines)


def test_host_missing(tmp_path: Path) -> None:
    message = f"thrice.toml: [[services]] 1 host: is missing\n  for example: {HOST}"
    with pytest.raises(ProfileError, match=exactly(message)):
        profile_of(tmp_path, "[[services]]\nstatus = 200\n")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"[services]\n{HOST}\n", "a table"),
        ("services = 3\n", "a whole number"),
        ("services = [3]\n", "one with other values in it"),
    ],
)
def test_services_that_are_no_tables(tmp_path: Path, text: str, found: str) -> None:
    message = (
        f"thrice.toml: [[services]]: has to be an array of tables, not {found}\n"
        "  for example: [[services]]"
    )
    with pytest.raises(ProfileError, match=exactly(message)):
        profile_of(tmp_path, text)


def test_body_file_is_not_json(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(
        ProfileError,
        match=r'^thrice\.toml: \[\[services\]\] 1 body: the file "a\.json" is not JSON: .+\n'
        r'  for example: body = "tests/completion\.json"$',
    ):
        service_of(tmp_path, 'body = "a.json"')


def test_place_in_pyproject_is_named_as_it_is_written(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(f"[[tool.thrice.services]]\n{HOST}\nstatus = 1\n")
    message = (
        "pyproject.toml: [[tool.thrice.services]] 1 status: "
        "1 is out of range, it has to be from 200 to 599\n  for example: status = 200"
    )
    with pytest.raises(ProfileError, match=exactly(message)):
        load_profile(None, app="a:b", start=tmp_path)


@pytest.mark.parametrize("key", [*SERVICE, *ANSWER])
def test_examples_of_the_messages_are_right(tmp_path: Path, key: str) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "completion.json").write_text("{}")
    host = "" if key == "host" else HOST + "\n"
    line = {**SERVICE, **ANSWER}[key].example

    assert len(profile_of(tmp_path, f"[[services]]\n{host}{line}\n").services) == 1


def test_hosts_that_can_not_be_declared_are_those_of_the_fakes() -> None:
    kernel = Kernel()
    fakes = (
        Firestore(kernel),
        Messenger(kernel, callback_url="https://bot.test/hook"),
        QStash(kernel),
        Upstash(kernel, Keyspace(kernel)),
    )

    for host in FAKED_HOSTS:
        assert any(fake.claims(Request("GET", f"https://{host}/")) for fake in fakes), host

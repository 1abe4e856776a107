"""The Send API over HTTP: what it accepts, and the error envelope for everything else."""

import json
import re
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.exchange import Headers, Reply, Request
from emulator.kernel import Kernel
from emulator.meta import Messenger

PAGE = "1000000000001"
TOKEN = "EAAfakepagetoken"
ORIGIN = "https://graph.facebook.com"
JSON: Headers = (("Content-Type", "application/json"),)
FORM: Headers = (("Content-Type", "application/x-www-form-urlencoded"),)
TRACE = re.compile(r"A[A-Za-z0-9_-]{22}")


def make_messenger() -> tuple[Messenger, str]:
    """A page that ada has written to, and her id."""
    messenger = Messenger(Kernel(), callback_url="https://bot.example/hook", page_id=PAGE)
    return messenger, messenger.message("hello").psid


def post(
    messenger: Messenger,
    body: object,
    *,
    path: str = f"/v23.0/me/messages?access_token={TOKEN}",
    headers: Headers = JSON,
) -> Reply:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return messenger.handle(Request("POST", ORIGIN + path, headers, raw))


def error_of(reply: Reply) -> dict[str, Any]:
    """The error in an envelope, which has to be complete."""
    error: dict[str, Any] = json.loads(reply.body)["error"]
    assert reply.status == 400
    assert reply.header("content-type") == "application/json; charset=UTF-8"
    assert {"message", "type", "code", "fbtrace_id"} <= set(error)
    assert TRACE.fullmatch(error["fbtrace_id"])
    return error


@pytest.mark.parametrize(
    "path",
    [
        "/me/messages",
        "/v2.6/me/messages",
        "/v26.0/me/messages/",
        "//v12.0//me//messages",
        f"/v23.0/{PAGE}/messages",
        f"/{PAGE}/messages/",
    ],
)
def test_messages__any_spelling_of_the_path(path: str) -> None:
    messenger, psid = make_messenger()

    reply = post(
        messenger,
        {"recipient": {"id": psid}, "message": {"text": "hi"}},
        path=f"{path}?access_token={TOKEN}",
    )

    answer = json.loads(reply.body)
    assert reply.status == 200
    assert list(answer) == ["recipient_id", "message_id"]
    assert answer["recipient_id"] == psid
    assert re.fullmatch(r"m_[A-Za-z0-9_-]{86}", answer["message_id"])
    [sent] = messenger.sent
    assert (sent.to, sent.text, sent.message_id) == (psid, "hi", answer["message_id"])


def test_messages__json_token_in_the_body() -> None:
    messenger, psid = make_messenger()
    body = {"recipient": {"id": psid}, "message": {"text": "hi"}, "access_token": TOKEN}

    assert post(messenger, body, path="/me/messages").status == 200


@pytest.mark.parametrize("scheme", ["Bearer", "OAuth"])
def test_messages__token_in_the_header(scheme: str) -> None:
    messenger, psid = make_messenger()

    reply = post(
        messenger,
        {"recipient": {"id": psid}, "message": {"text": "hi"}},
        path="/me/messages",
        headers=(*JSON, ("Authorization", f"{scheme} {TOKEN}")),
    )

    assert reply.status == 200


def test_messages__form_with_json_values() -> None:
    messenger, psid = make_messenger()
    form = {
        "recipient": json.dumps({"id": psid}),
        "message": json.dumps({"text": "grüße / 😀"}),
        "messaging_type": "RESPONSE",
        "access_token": TOKEN,
    }

    reply = post(messenger, urlencode(form).encode(), path="/me/messages", headers=FORM)

    assert reply.status == 200
    assert messenger.sent[0].text == "grüße / 😀"


def test_messages__everything_in_the_query() -> None:
    messenger, psid = make_messenger()
    query = urlencode(
        {"recipient": f"{{'id':'{psid}'}}", "message": "{'text':'hi'}", "access_token": TOKEN}
    )

    assert post(messenger, b"", path=f"/me/messages?{query}", headers=()).status == 200


@pytest.mark.parametrize("action", ["typing_on", "typing_off", "mark_seen"])
def test_sender_action__answers_with_the_recipient_only(action: str) -> None:
    messenger, psid = make_messenger()

    reply = post(messenger, {"recipient": {"id": psid}, "sender_action": action})

    assert reply.status == 200
    assert json.loads(reply.body) == {"recipient_id": psid}
    assert messenger.sent_count == 0


def test_metadata__is_kept_with_what_was_sent() -> None:
    messenger, psid = make_messenger()

    post(messenger, {"recipient": {"id": psid}, "message": {"text": "hi", "metadata": "m"}})

    assert messenger.sent[0].metadata == "m"


def get(messenger: Messenger, path: str) -> Reply:
    return messenger.handle(Request("GET", ORIGIN + path))


@pytest.mark.parametrize("path", ["/me", "/v23.0/me/", f"//v2.6//{PAGE}"])
def test_profile__of_the_page(path: str) -> None:
    messenger, _ = make_messenger()

    reply = get(messenger, f"{path}?access_token={TOKEN}")

    assert reply.status == 200
    assert json.loads(reply.body) == {"id": PAGE, "name": "Fake Page"}


def test_profile__of_a_person() -> None:
    messenger, psid = make_messenger()

    reply = get(messenger, f"/v23.0/{psid}?fields=first_name,%20id&access_token={TOKEN}")

    assert reply.status == 200
    assert json.loads(reply.body) == {"first_name": "Ada", "id": psid}


def test_profile__head_is_taken_for_get() -> None:
    messenger, _ = make_messenger()
    request = Request("HEAD", f"{ORIGIN}/me?access_token={TOKEN}")

    assert messenger.handle(request).status == 200


def test_profile__of_nobody() -> None:
    messenger, _ = make_messenger()

    error = error_of(get(messenger, f"/v23.0/26628309676818465?access_token={TOKEN}"))

    assert (error["code"], error["error_subcode"]) == (100, 33)
    assert error["type"] == "GraphMethodException"


def test_profile__field_that_people_do_not_have() -> None:
    messenger, psid = make_messenger()

    error = error_of(get(messenger, f"/{psid}?fields=shoe_size&access_token={TOKEN}"))

    assert (error["code"], error["type"]) == (100, "OAuthException")


def test_profile__needs_a_token() -> None:
    messenger, psid = make_messenger()

    assert error_of(get(messenger, f"/{psid}"))["code"] == 190


def test_response_headers() -> None:
    messenger, psid = make_messenger()

    reply = post(messenger, {"recipient": {"id": psid}, "message": {"text": "hi"}})

    assert reply.header("content-type") == "application/json; charset=UTF-8"
    assert reply.header("facebook-api-version") == "v23.0"
    assert TRACE.fullmatch(reply.header("x-fb-trace-id") or "")
    assert TRACE.fullmatch(reply.header("x-fb-request-id") or "")
    assert json.loads(reply.header("x-app-usage") or "") == {
        "call_count": 0,
        "total_time": 0,
        "total_cputime": 0,
    }
    assert reply.header("www-authenticate") is None


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (
            "/me/messages?access_token=wrong",
            "Invalid OAuth access token - Cannot parse access token",
        ),
        (
            "/me/messages?access_token=%F0%9F%98%80",
            "Invalid OAuth access token - Cannot parse access token",
        ),
        ("/me/messages", "An access token is required to request this resource."),
        ("/nothing/here", "An access token is required to request this resource."),
    ],
)
def test_token__missing_or_wrong(path: str, message: str) -> None:
    messenger, psid = make_messenger()

    reply = post(messenger, {"recipient": {"id": psid}, "message": {"text": "hi"}}, path=path)

    error = error_of(reply)
    assert (error["code"], error["type"], error["message"]) == (190, "OAuthException", message)
    assert reply.header("WWW-Authenticate") == (
        f'OAuth "Facebook Platform" "invalid_token" "{message}"'
    )
    assert messenger.sent_count == 0


@pytest.mark.parametrize("recipient", ["12345678901234567", PAGE, "x", 5])
def test_recipient__unknown(recipient: object) -> None:
    messenger, _ = make_messenger()

    error = error_of(post(messenger, {"recipient": {"id": recipient}, "message": {"text": "hi"}}))

    assert (error["code"], error["error_subcode"]) == (100, 2018001)
    assert error["message"] == "(#100) No matching user found"


def test_recipient__unknown_to_a_sender_action_too() -> None:
    messenger, _ = make_messenger()

    error = error_of(post(messenger, {"recipient": {"id": PAGE}, "sender_action": "typing_on"}))

    assert (error["code"], error["error_subcode"]) == (100, 2018001)


def test_recipient__unknown_until_the_message_is_written() -> None:
    messenger, _ = make_messenger()
    bob = messenger.message("later", sender="bob", at=60.0)

    error = error_of(post(messenger, {"recipient": {"id": bob.psid}, "message": {"text": "hi"}}))

    assert error["error_subcode"] == 2018001


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/"),
        ("POST", "/v6.0/"),
        ("POST", "/me"),
        ("POST", "/me/message"),
        ("POST", "/42/messages"),
        ("POST", "/me/messages/more"),
        ("GET", "/me/messages"),
        ("DELETE", "/me/messages"),
        ("GET", "/"),
        ("GET", "/12345678901234567"),
        ("DELETE", f"/v23.0/{PAGE}"),
        ("POST", "/v23.0/%ff%00/messages"),
    ],
)
def test_path__unknown(method: str, path: str) -> None:
    messenger, psid = make_messenger()
    body = json.dumps({"recipient": {"id": psid}, "message": {"text": "hi"}}).encode()

    reply = messenger.handle(Request(method, f"{ORIGIN}{path}?access_token={TOKEN}", JSON, body))

    error = error_of(reply)
    assert (error["code"], error["error_subcode"]) == (100, 33)
    assert error["type"] == "GraphMethodException"
    assert error["message"].startswith(f"Unsupported {method.lower()} request.")
    assert messenger.sent_count == 0


def test_body__malformed() -> None:
    messenger, _ = make_messenger()

    error = error_of(post(messenger, b'{"recipient":'))

    assert error["code"] == 100
    assert error["message"] == "(#100) The body is neither a JSON object nor a form"


def test_trace_ids__differ_between_requests() -> None:
    messenger, _ = make_messenger()

    first, second = (error_of(post(messenger, {}))["fbtrace_id"] for _ in range(2))

    assert first != second


# Characters that mean something to one of the readers, and some that UTF-8 or ASCII can not spell.
TEXT = st.text("ab7{}[]()<>:;,.\"'\\/=&%+# \n\x00é\u2028😀\ud800\udfff", max_size=20)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | TEXT
    | st.sampled_from(["7", PAGE, TOKEN, "typing_on", "{'id':'7'}", '{"id":', "\ud800"])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "text", "attachment", ""]), inner, max_size=3)
    ),
    max_leaves=6,
)
FIELDS = st.sampled_from(
    ["recipient", "message", "sender_action", "messaging_type", "access_token", "tag", "batch"]
)
OBJECTS = st.dictionaries(FIELDS, VALUES, max_size=5)


def check_hostile(body: bytes, headers: Headers) -> None:
    messenger, psid = make_messenger()
    body = body.replace(b'"7"', b'"%s"' % psid.encode())

    reply = post(messenger, body, headers=headers)

    if reply.status == 200:
        assert json.loads(reply.body)["recipient_id"] == psid
    else:
        assert error_of(reply)["code"] in (100, 190)
        assert messenger.sent_count == 0


@given(OBJECTS)
def test_hostile__json_objects(value: dict[str, object]) -> None:
    check_hostile(json.dumps(value).encode(), JSON)


@given(VALUES)
def test_hostile__json_values(value: object) -> None:
    check_hostile(json.dumps(value).encode(), JSON)


@given(st.dictionaries(FIELDS, VALUES.map(json.dumps) | TEXT, max_size=5))
def test_hostile__forms(value: dict[str, str]) -> None:
    check_hostile(urlencode(value, errors="replace").encode(), FORM)


@given(st.binary(max_size=200), st.sampled_from([JSON, FORM, (), (("Content-Type", "\xff"),)]))
def test_hostile__bytes(body: bytes, headers: Headers) -> None:
    check_hostile(body, headers)


@given(
    st.text(st.sampled_from("/vme.0159%?&=#+ messages\\\x00é"), max_size=30),
    st.sampled_from(["GET", "POST", "PUT", "HEAD", "BREW"]),
)
def test_hostile__paths(path: str, method: str) -> None:
    messenger, _ = make_messenger()

    reply = messenger.handle(Request(method, f"{ORIGIN}/{path}", JSON, b"{}"))

    assert error_of(reply)["code"] in (100, 190)


@pytest.mark.parametrize("depth", [1_000, 100_000])
def test_hostile__depth(depth: int) -> None:
    messenger, _ = make_messenger()

    reply = post(messenger, b'{"message":' + b'{"text":' * depth + b"1" + b"}" * depth + b"}")

    assert error_of(reply)["code"] == 100

"""Batch requests: their order, their dependencies, and what is in their answers."""

import json
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from emulator.exchange import Request
from emulator.meta.graph.addressing import Refusal
from emulator.meta.graph.batch import Item, Result, read_batch, run_batch
from emulator.meta.graph.tokens import appsecret_proof
from tests.meta.graph_support import FORM, Client


def send_item(client: Client, **more: object) -> dict[str, object]:
    body = {"recipient": json.dumps({"id": client.ada}), "message": json.dumps({"text": "hi"})}
    return {"method": "POST", "relative_url": "me/messages", "body": urlencode(body), **more}


def get_item(url: str, **more: object) -> dict[str, object]:
    return {"method": "GET", "relative_url": url, **more}


@pytest.mark.parametrize("path", ["/", "/v6.0/", "/v23.0"])
def test_batch__answers_in_the_order_of_its_items(path: str) -> None:
    client = Client()
    items = [get_item("me?fields=id"), send_item(client), get_item("42"), get_item("v2.6/me")]
    answer = client.post(path, {"batch": items})

    assert answer.status == 200
    assert [one["code"] for one in answer.body] == [200, 200, 400, 200]
    bodies = [json.loads(one["body"]) for one in answer.body]
    assert bodies[0] == {"id": client.id}
    assert bodies[1]["message_id"] == client.account.sent[0].message_id
    assert bodies[2]["error"]["error_subcode"] == 33
    assert {"name": "facebook-api-version", "value": answer.header("facebook-api-version")} in (
        answer.body[0]["headers"]
    )


def test_batch__as_a_form_without_headers() -> None:
    client = Client()
    form = {
        "batch": json.dumps([send_item(client)]),
        "include_headers": "false",
        "access_token": client.token,
    }
    answer = client.post("/", urlencode(form).encode(), token="", headers=FORM)

    assert [list(one) for one in answer.body] == [["code", "body"]]
    assert client.account.sent_count == 1


def test_batch__an_item_with_a_token_of_its_own() -> None:
    client = Client()
    items = [
        get_item(f"me?access_token={client.token}"),
        get_item("me?access_token=wrong"),
        get_item("me"),
        send_item(client, body=f"{send_item(client)['body']}&access_token={client.token}"),
    ]
    answer = client.post("/", {"batch": items}, token="")

    assert [one["code"] for one in answer.body] == [200, 400, 400, 200]


def test_batch__with_a_wrong_token_is_refused_as_a_whole() -> None:
    assert Client().post("/", {"batch": [get_item("me")]}, token="wrong").error == (190, None)


def test_batch__items_prove_the_secret_each() -> None:
    client = Client()
    proof = appsecret_proof(client.own.app_secret, client.token)
    items = [get_item(f"me?appsecret_proof={proof}"), get_item("me?appsecret_proof=0")]
    answer = client.post("/", {"batch": items})

    assert [one["code"] for one in answer.body] == [200, 400]


def test_batch__of_50_at_most() -> None:
    client = Client()
    assert len(client.post("/", {"batch": [get_item("me")] * 50}).body) == 50
    refused = client.post("/", {"batch": [get_item("me")] * 51})
    assert refused.body["error"]["message"] == (
        "(#100) Too many requests in batch message. Maximum batch size is 50"
    )


def test_batch__a_part_of_one_answer_is_used_in_another() -> None:
    client = Client()
    items = [
        get_item(quote("{result=who:$.id}") + "?fields=id"),
        get_item("me?fields=id", name="who", omit_response_on_success=False),
    ]
    answer = client.post("/", {"batch": items})

    assert [json.loads(one["body"]) for one in answer.body] == [{"id": client.id}] * 2


def test_batch__the_answer_that_was_used_is_left_out() -> None:
    client = Client()
    items = [get_item("me", name="who"), get_item("{result=who:$.id}")]
    first, second = client.post("/", {"batch": items}).body

    assert first is None
    assert second["code"] == 200


def test_batch__what_depends_on_a_failure_has_no_answer() -> None:
    client = Client()
    items = [
        get_item("42", name="first"),
        send_item(client, depends_on="first"),
        send_item(client, depends_on="nobody"),
    ]
    answers = client.post("/", {"batch": items}).body

    assert answers[0]["code"] == 400
    assert answers[1:] == [None, None]
    assert client.account.sent_count == 0


def test_batch__a_circle_of_dependencies_has_no_answers() -> None:
    items = [get_item("me", name="a", depends_on="b"), get_item("me", name="b", depends_on="a")]

    assert Client().post("/", {"batch": items}).body == [None, None]


def test_batch__each_item_counts_as_a_call() -> None:
    client = Client()
    answer = client.post("/", {"batch": [get_item("me")] * 20})

    assert json.loads(answer.header("x-app-usage") or "")["call_count"] == 10


def form_with_files(client: Client, items: list[dict[str, object]], *files: str) -> dict[str, Any]:
    parts = [f'Content-Disposition: form-data; name="batch"\r\n\r\n{json.dumps(items)}']
    parts += [
        f'Content-Disposition: form-data; name="{name}"; filename="{name}.png"\r\n'
        f"Content-Type: image/png\r\n\r\n{name}"
        for name in files
    ]
    body = "".join(f"--b0\r\n{part}\r\n" for part in parts) + "--b0--\r\n"
    headers = (("Content-Type", "multipart/form-data; boundary=b0"),)
    return {"body": body.encode(), "headers": headers}


def upload_item(**more: object) -> dict[str, object]:
    body = urlencode({"message": json.dumps({"attachment": {"type": "image", "payload": {}}})})
    return {"method": "POST", "relative_url": "me/message_attachments", "body": body, **more}


def test_batch__files_go_with_the_items_that_name_them() -> None:
    client = Client()
    items = [upload_item(attached_files="second"), upload_item(), get_item("me")]
    answers = client.post("/", **form_with_files(client, items, "first", "second")).body

    assert [one["code"] for one in answers] == [200, 400, 200]
    assert list(json.loads(answers[0]["body"])) == ["attachment_id"]
    assert json.loads(answers[1]["body"])["error"]["message"] == (
        "(#100) The parameter message[attachment][payload][url] is required"
    )


def test_batch__each_item_has_the_bytes_of_its_own_file() -> None:
    client = Client("whatsapp")
    url = f"{client.id}/media"
    media = {"messaging_product": "whatsapp", "type": "image/png"}
    items: list[dict[str, object]] = [
        {"method": "POST", "relative_url": url, "body": urlencode(media), "attached_files": name}
        for name in ("b", "a , b")
    ]
    answers = client.post("/", **form_with_files(client, items, "a", "b")).body
    files = [client.account.nodes.media.find(json.loads(one["body"])["id"]) for one in answers]

    assert [file.data for file in files if file is not None] == [b"b", b"a"]


def test_batch__a_file_that_is_not_there_fails_its_item_alone() -> None:
    client = Client()
    items = [upload_item(attached_files="first,third"), upload_item(attached_files="first")]
    answers = client.post("/", **form_with_files(client, items, "first", "second")).body

    assert [one["code"] for one in answers] == [400, 200]
    error = json.loads(answers[0]["body"])["error"]
    assert error["message"] == "File third has not been attached"
    assert error["type"] == "GraphBatchException"


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ("x", "Param batch must be an array"),
        (["x"], "Param batch[0] must be an object"),
        (
            [{"method": "LOOK", "relative_url": "me"}],
            "Param batch[0][method] must be one of GET, POST, PUT, DELETE",
        ),
        ([{"method": "GET"}], "The parameter batch[0][relative_url] is required"),
    ],
)
def test_batch__refused(sent: object, told: str) -> None:
    refusal = read_batch({"batch": sent})

    assert isinstance(refusal, Refusal)
    assert refusal.message == f"(#100) {told}"


@pytest.mark.parametrize(
    ("reference", "text"),
    [
        ("$.data[1].id", "2"),
        ("$.data.*.id", "1,2"),
        ("$.missing.id", ""),
        ("$.count", "2"),
    ],
)
def test_reference__to_a_part_of_an_answer(reference: str, text: str) -> None:
    value: dict[str, Any] = {"data": [{"id": "1"}, {"id": "2"}], "count": 2}
    asked: list[object] = []

    def perform(item: Item, path: str, parameters: object) -> Result:
        asked.append(parameters)
        return Result(200, value)

    items = [
        Item("GET", "a", "", "one", None, False),
        Item("GET", f"b?ids={{result=one:{reference}}}", "", None, None, True),
    ]
    run_batch(items, perform, include_headers=False)

    assert asked[1] == {"ids": text}


def test_batch__as_a_part_of_what_a_call_touches() -> None:
    client = Client()
    body = json.dumps({"batch": [send_item(client), get_item("me")]}).encode()
    access = client.account.access(Request("POST", "https://graph.facebook.com/", (), body))

    assert access.verb == "batch"
    assert access.writes == {f"graph:recipient:{client.ada}"}
    assert access.reads == {f"graph:profile:{client.id}"}

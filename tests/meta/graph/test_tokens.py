"""Tokens: where they may stand, whose they are, and what proves them."""

from typing import Any

import pytest

from emulator.exchange import Headers
from emulator.meta import GraphOptions
from emulator.meta.credentials import Credentials
from emulator.meta.graph.tokens import app_token, appsecret_proof, holder_of
from tests.meta.graph_support import JSON, Client


def test_appsecret_proof__vector() -> None:
    assert appsecret_proof("test_app_secret", "EAAtest") == (
        "49358f80523f3501db3aacc96d86f4aac4f3448ce65bfeff7c75d0e622d3f17e"
    )


def test_proof__right_in_query_or_body() -> None:
    client = Client()
    proof = appsecret_proof(client.own.app_secret, client.token)

    assert client.get("/me", appsecret_proof=proof).status == 200
    assert client.say(appsecret_proof=proof).status == 200


def test_proof__wrong() -> None:
    refused = Client().get("/me", appsecret_proof="0" * 64)

    assert (refused.status, refused.error) == (400, (100, None))
    assert refused.body["error"]["type"] == "GraphMethodException"
    assert refused.body["error"]["message"] == (
        "Invalid appsecret_proof provided in the API argument"
    )


def test_proof__of_another_token() -> None:
    client = Client()
    proof = appsecret_proof(client.own.app_secret, "another")

    assert client.get("/me", appsecret_proof=proof).error == (100, None)


def test_proof__missing_where_it_is_required() -> None:
    client = Client(options=GraphOptions(proof_required=True))
    refused = client.get("/me")

    assert refused.body["error"]["message"] == (
        "API calls from the server require an appsecret_proof argument"
    )
    proof = appsecret_proof(client.own.app_secret, client.token)
    assert client.get("/me", appsecret_proof=proof).status == 200


@pytest.mark.parametrize("platform", ["messenger", "instagram", "whatsapp"])
def test_holder(platform: Any) -> None:
    own = Credentials()

    assert holder_of(own.token(platform), own, platform) == "account"
    assert holder_of(app_token(own), own, platform) == "app"


@pytest.mark.parametrize("platform", ["messenger", "whatsapp"])
def test_holder__not_of_another_platforms_token(platform: Any) -> None:
    client = Client(platform)

    assert client.get(f"/{client.id}", token=client.own.instagram_token).error == (190, None)


@pytest.mark.parametrize(
    "headers",
    [
        (*JSON, ("Authorization", "Bearer {}")),
        (*JSON, ("authorization", "OAuth {}")),
    ],
)
def test_token__in_the_header(headers: Headers) -> None:
    client = Client("whatsapp")
    filled = tuple((name, value.format(client.token)) for name, value in headers)

    assert client.get(f"/{client.id}", token="", headers=filled).status == 200


def test_token__wrong_is_told_in_a_header_as_well() -> None:
    refused = Client().get("/me", token="wrong")

    assert (refused.status, refused.error) == (400, (190, None))
    assert refused.header("www-authenticate") == (
        'OAuth "Facebook Platform" "invalid_token" '
        '"Invalid OAuth access token - Cannot parse access token"'
    )


def test_token__of_the_app_can_not_send() -> None:
    client = Client()

    assert client.post("/me/messages", {}, token=client.app).error == (210, None)


def test_debug_token__of_the_page() -> None:
    client = Client()
    data = client.get("/debug_token", token=client.app, input_token=client.token).body["data"]

    assert data["app_id"] == client.own.app_id
    assert data["type"] == "PAGE"
    assert data["is_valid"] is True
    assert data["profile_id"] == client.id
    assert "pages_messaging" in data["scopes"]
    assert data["granular_scopes"][0]["target_ids"] == [client.id]
    assert data["expires_at"] == data["data_access_expires_at"] == 0


def test_debug_token__of_a_user_and_of_the_app() -> None:
    client = Client("whatsapp")
    user = client.get("/debug_token", token=client.app, input_token=client.token).body["data"]
    app = client.get("/debug_token", token=client.app, input_token=client.app).body["data"]

    assert (user["type"], user["user_id"]) == ("USER", client.id)
    assert (app["type"], app["scopes"]) == ("APP", [])


def test_debug_token__that_is_not_valid() -> None:
    client = Client()
    answer = client.get("/debug_token", token=client.app, input_token="wrong")

    assert answer.status == 200
    assert answer.body["data"]["is_valid"] is False
    assert answer.body["data"]["error"]["code"] == 190


def test_debug_token__without_one() -> None:
    client = Client()

    assert client.get("/debug_token", token=client.app).error == (100, None)

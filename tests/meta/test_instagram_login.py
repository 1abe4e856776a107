"""Instagram with its own login: what differs from an app that Facebook's let in."""

import json
from typing import Any

import pytest

from emulator.errors import ScenarioError
from emulator.exchange import Request
from emulator.kernel import Kernel
from emulator.meta import Account, Field, Instagram
from emulator.meta.accounts import make_account
from emulator.meta.instagram import ORIGIN
from emulator.meta.platform import InstagramLogin
from emulator.meta.sends.outbox import Sent
from tests.meta.everywhere import URL, Bot, run

COMMENT = (
    b'{"object":"instagram","entry":[{"time":1790000000,"id":"17841400000000003",%s'
    b'"field":"comments","value":{"from":{"id":"745554852686364","username":"ada"},'
    b'"id":"11481006418597487","text":"nice",'
    b'"media":{"id":"11642009624287151","media_product_type":"FEED"}}%s}]}'
)


def make(login: InstagramLogin, *fields: Field) -> tuple[Kernel, Bot, Account]:
    kernel = Kernel()
    bot = Bot(lambda told: None)
    kernel.origins["https://bot.example"] = bot
    bot.account = make_account(
        "instagram",
        kernel,
        callback_url=URL,
        instagram_login=login,
        copies=1,
        fields=fields or ("messages",),
    )
    return kernel, bot, bot.account


def ask(account: Account, url: str, body: object = None) -> tuple[int, Any]:
    headers = (
        ("content-type", "application/json"),
        ("authorization", f"Bearer {account.credentials.instagram_token}"),
    )
    method = "GET" if body is None else "POST"
    reply = account.handle(Request(method, url, headers, json.dumps(body or {}).encode()))
    return reply.status, json.loads(reply.body)


def say(account: Account, text: str) -> Sent:
    """The bot writes to ada."""
    to = {"id": account.contacts.psid("ada")}
    status, answer = ask(
        account, f"{ORIGIN}/v23.0/me/messages", {"recipient": to, "message": {"text": text}}
    )
    assert (status, answer["recipient_id"]) == (200, to["id"])
    return account.sent[-1]


@pytest.mark.parametrize(
    ("login", "around"), [("facebook", (b'"changes":[{', b"}]")), ("instagram", (b"", b""))]
)
def test_comment__stands_in_the_entry_itself(
    login: InstagramLogin, around: tuple[bytes, bytes]
) -> None:
    _, _, account = make(login)
    update = account.update("comment", sender="ada", name="u0", mid="")

    expected = COMMENT.replace(b"%s", around[0], 1).replace(b"%s", around[1], 1)
    assert account.body(update) == expected


def test_comments__in_one_notification_are_an_entry_each() -> None:
    kernel, bot, account = make("instagram", "comments", "mentions")
    acts = [account.inbox.act(kind, {}, sender="ada") for kind in ("comment", "mention")]

    account.inbox.happen(acts, at=None, mode="items")
    run(kernel)

    [body] = bot.bodies
    assert [(list(entry), entry["field"]) for entry in body["entry"]] == [
        (["time", "id", "field", "value"], "comments"),
        (["time", "id", "field", "value"], "mentions"),
    ]


def test_messages__are_told_as_with_the_other_login() -> None:
    bodies = []
    for login in ("facebook", "instagram"):
        _, _, account = make(login)
        bodies.append(account.body(account.update("text", sender="ada", name="u0", mid="MID")))

    assert bodies[0] == bodies[1]


def test_echo__comes_to_an_app_that_subscribed_to_echoes() -> None:
    kernel, bot, account = make("instagram", "message_echoes")
    account.message("hello")
    sent = say(account, "hi")
    run(kernel)

    [body] = bot.bodies
    assert body["entry"][0]["messaging"][0]["message"] == {
        "mid": sent.message_id,
        "is_echo": True,
        "text": "hi",
    }


def test_echo__does_not_come_with_the_messages() -> None:
    kernel, bot, account = make("instagram", "messages")
    account.message("hello")
    say(account, "hi")
    run(kernel)

    assert [told.text for told in bot.told] == ["hello"]


def test_inbox_echo__comes_as_other_echoes() -> None:
    kernel, bot, account = make("instagram", "message_echoes")
    account.happen("inbox_echo", text="I take over")
    account.message("hello")
    run(kernel)

    assert [told.text for told in bot.told] == ["I take over"]


def test_echoes__are_no_field_of_the_other_login() -> None:
    with pytest.raises(ScenarioError, match=r"^an Instagram account has no field message_echoes$"):
        make("facebook", "message_echoes")


def test_subscribed_apps__takes_the_field_of_echoes() -> None:
    _, _, account = make("instagram")

    answer = ask(
        account, f"{ORIGIN}/v23.0/me/subscribed_apps", {"subscribed_fields": "message_echoes"}
    )

    assert answer == (200, {"success": True})
    assert account.fields == {"message_echoes"}


def test_token__is_for_the_host_of_instagram_only() -> None:
    _, _, account = make("instagram")

    assert account.credentials.instagram_token.startswith("IGAA")
    assert ask(account, f"{ORIGIN}/v23.0/me?fields=id")[0] == 200
    status, answer = ask(account, "https://graph.facebook.com/v23.0/me?fields=id")
    assert (status, answer["error"]["code"]) == (400, 190)


def test_token__in_a_batch_is_for_the_host_of_instagram_only() -> None:
    _, _, account = make("instagram")
    own = account.credentials
    item = {"method": "GET", "relative_url": f"me?access_token={own.instagram_token}"}
    body = json.dumps({"batch": [item], "access_token": f"{own.app_id}|{own.app_secret}"}).encode()
    headers = (("content-type", "application/json"),)

    codes = []
    for host in (ORIGIN, "https://graph.facebook.com"):
        reply = account.handle(Request("POST", f"{host}/", headers, body))
        codes += [answer["code"] for answer in json.loads(reply.body)]

    assert codes == [200, 400]


def test_page__is_not_behind_the_account() -> None:
    _, _, account = make("instagram")
    own = account.credentials

    reply = account.handle(Request("GET", f"{ORIGIN}/me?access_token={own.page_token}"))
    assert json.loads(reply.body)["error"]["code"] == 190
    assert ask(account, f"{ORIGIN}/{own.page_id}")[1]["error"]["code"] == 100
    assert ask(account, f"{ORIGIN}/me/accounts")[1]["error"]["code"] == 100


def test_debug_token__has_the_permissions_of_this_login() -> None:
    _, _, account = make("instagram")
    token = account.credentials.instagram_token

    _, answer = ask(account, f"{ORIGIN}/debug_token?input_token={token}")

    assert answer["data"]["scopes"][0] == "instagram_business_basic"


def test_login__that_there_is_not() -> None:
    wrong: InstagramLogin = "google"  # type: ignore[assignment]
    with pytest.raises(
        ScenarioError, match=r"^login must be one of facebook, instagram, not google$"
    ):
        Instagram(Kernel(), callback_url=URL, login=wrong)


def test_login__is_of_instagram_only() -> None:
    with pytest.raises(ScenarioError, match=r"^WhatsApp has no login of Instagram$"):
        make_account("whatsapp", Kernel(), callback_url=URL, instagram_login="instagram")

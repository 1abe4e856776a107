"""The same verbs on every platform, and what each makes of them."""

import json
from collections.abc import Callable
from typing import Any, get_args

import pytest

from emulator.delivery import Delivery
from emulator.errors import ScenarioError
from emulator.exchange import Outcome, Request
from emulator.kernel import Kernel
from emulator.meta import (
    Account,
    Credentials,
    Field,
    Instagram,
    Messenger,
    PlatformName,
    WhatsApp,
)
from emulator.meta.accounts import make_account
from emulator.meta.delivery.product import GENERIC
from emulator.meta.platform import FIELDS, OBJECTS
from tests.meta.everywhere import URL, Told, answer_questions, make_world, run, send_request

PLATFORMS: tuple[PlatformName, ...] = get_args(PlatformName)


def test_make_account__one_class_for_each_platform() -> None:
    kernel = Kernel()
    made = [make_account(platform, kernel, callback_url=URL) for platform in PLATFORMS]

    assert list(map(type, made)) == [Messenger, Instagram, WhatsApp]
    assert [account.platform for account in made] == list(PLATFORMS)


def test_make_account__unknown_platform() -> None:
    wrong: PlatformName = "telegram"  # type: ignore[assignment]
    message = r"^platform must be one of messenger, instagram, whatsapp, not telegram$"
    with pytest.raises(ScenarioError, match=message):
        make_account(wrong, Kernel(), callback_url=URL)


@pytest.mark.parametrize(
    ("platform", "title"),
    [("instagram", "an Instagram account"), ("whatsapp", "a WhatsApp account")],
)
def test_fields__of_another_platform(platform: PlatformName, title: str) -> None:
    with pytest.raises(ScenarioError, match=rf"^{title} has no field feed$"):
        make_account(platform, Kernel(), callback_url=URL, fields=["feed"])


@pytest.mark.parametrize("platform", PLATFORMS)
def test_message__is_answered_and_the_answer_counts_for_it(platform: PlatformName) -> None:
    kernel, bot, account = make_world(platform, answer_questions, copies=3)

    message = account.message("hello / ä", sender="bob")
    run(kernel)

    assert bot.names[:3] == ["u0.w0", "u0.w1", "u0.w2"]
    assert {body["object"] for body in bot.bodies} == {OBJECTS[platform]}
    assert [sent.text for sent in account.sent] == ["You said: hello / ä"] * 3
    assert {sent.to for sent in account.sent} == {message.psid}
    assert all(sent.right_user for sent in account.sent)
    assert kernel.journal.tally("u0").replies == 3


def test_messenger__envelope_byte_for_byte() -> None:
    account = make_account("messenger", Kernel(), callback_url=URL)
    update = account.update("text", sender="ada", name="u0", mid="m_T0", text="ä / ok")

    assert account.body(update) == (
        b'{"object":"page","entry":[{"time":1790000000000,"id":"100000000000001","messaging":'
        b'[{"sender":{"id":"78123937082376495"},"recipient":{"id":"100000000000001"},'
        b'"timestamp":1790000000000,"message":{"mid":"m_T0","text":"\\u00e4 \\/ ok"}}]}]}'
    )


def test_instagram__envelope_byte_for_byte() -> None:
    account = make_account("instagram", Kernel(), callback_url=URL)
    update = account.update("text", sender="ada", name="u0", mid="MID", text="hi")

    assert account.body(update) == (
        b'{"object":"instagram","entry":[{"time":1790000000000,"id":"17841400000000003",'
        b'"messaging":[{"sender":{"id":"745554852686364"},'
        b'"recipient":{"id":"17841400000000003"},"timestamp":1790000000000,'
        b'"message":{"mid":"MID","text":"hi"}}]}]}'
    )


def test_whatsapp__envelope_byte_for_byte() -> None:
    account = make_account("whatsapp", Kernel(), callback_url=URL)
    update = account.update("text", sender="ada", name="u0", mid="wamid.MID", text="hi")

    assert account.body(update) == (
        b'{"object":"whatsapp_business_account","entry":[{"id":"300000000000004","changes":'
        b'[{"field":"messages","value":{"messaging_product":"whatsapp",'
        b'"metadata":{"display_phone_number":"15550000006","phone_number_id":"400000000000005"},'
        b'"contacts":[{"profile":{"name":"Ada"},"wa_id":"15553123258",'
        b'"user_id":"US.71136856825775528073"}],'
        b'"messages":[{"from":"15553123258","id":"wamid.MID","timestamp":"1790000000",'
        b'"type":"text","text":{"body":"hi"}}]}}]}]}'
    )


@pytest.mark.parametrize("platform", PLATFORMS)
def test_items__all_of_them_happen_and_are_told(platform: PlatformName) -> None:
    kernel, bot, account = make_world(platform)

    happened = [account.happen(name, kind.sample) for name, kind in account.dialect.items.items()]
    run(kernel)

    assert [message.kind for message in happened] == list(account.dialect.items)
    assert len(bot.bodies) == len(happened)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_happen__what_there_is_not(platform: PlatformName) -> None:
    _, _, account = make_world(platform)
    title = {"messenger": "Messenger", "instagram": "Instagram", "whatsapp": "WhatsApp"}[platform]

    with pytest.raises(ScenarioError, match=rf"^{title} has no teleport$"):
        account.happen("teleport")


def test_happen__with_details_that_it_does_not_have() -> None:
    _, _, account = make_world("instagram")

    message = r"^edit has no colour; it takes mid, num_edit, text$"
    with pytest.raises(ScenarioError, match=message):
        account.happen("edit", colour="red")


def test_happen__is_lost_on_an_app_that_did_not_subscribe_to_it() -> None:
    kernel, bot, account = make_world("instagram", fields=["messages"])

    account.happen("comment")
    run(kernel)

    assert bot.bodies == []


@pytest.mark.parametrize("platform", PLATFORMS)
def test_attachment__unknown_kind_names_those_of_the_platform(platform: PlatformName) -> None:
    _, _, account = make_world(platform)

    with pytest.raises(ScenarioError, match=r"^kind must be one of image, .*, not smell$"):
        account.attachment("smell")


def test_postback__on_whatsapp_is_the_reply_to_a_button() -> None:
    kernel, bot, account = make_world("whatsapp")

    message = account.postback("Yes", "YES")
    run(kernel)

    assert (message.event, message.kind, message.text) == ("postback", "button_reply", "Yes")
    assert bot.told[0].item["interactive"]["button_reply"] == {"id": "YES", "title": "Yes"}


def test_postback__on_whatsapp_comes_from_no_link() -> None:
    _, _, account = make_world("whatsapp")

    message = r"^button_reply has no ref; it takes mid, payload, title$"
    with pytest.raises(ScenarioError, match=message):
        account.postback("Yes", "YES", ref="a-poster")


@pytest.mark.parametrize("platform", PLATFORMS)
def test_react__names_the_message(platform: PlatformName) -> None:
    kernel, bot, account = make_world(platform)
    message = account.message("hello")

    account.react(message, "wow")
    run(kernel)

    item = bot.told[-1].item["reaction"]
    assert (item.get("mid") or item.get("message_id")) == message.mid
    assert item["emoji"] == "😮"


def edits_of(told: list[Told]) -> list[Any]:
    return [found.item["message_edit"] for found in told if "message_edit" in found.item]


@pytest.mark.parametrize("platform", ["messenger", "instagram"])
def test_edit__has_the_mid_of_the_message_and_counts(platform: PlatformName) -> None:
    kernel, bot, account = make_world(platform)
    message = account.message("helo")

    account.edit(message, "hello")
    account.edit(message, "hello!")
    run(kernel)

    assert edits_of(bot.told) == [
        {"mid": message.mid, "text": "hello", "num_edit": 1},
        {"mid": message.mid, "text": "hello!", "num_edit": 2},
    ]


def test_edit__on_whatsapp_is_a_message_of_its_own() -> None:
    kernel, bot, account = make_world("whatsapp")
    message = account.message("helo")

    edit = account.edit(message, "hello")
    run(kernel)

    item = bot.told[-1].item
    assert (item["id"], item["type"]) == (edit.mid, "edit")
    assert item["edit"]["original_message_id"] == message.mid != edit.mid


def test_edit__five_times_at_most() -> None:
    _, _, account = make_world("messenger")
    message = account.message("0")
    for number in range(5):
        account.edit(message, str(number))

    with pytest.raises(ScenarioError, match=r"^a message can be edited 5 times$"):
        account.edit(message, "6")


def test_unsend__on_instagram_has_the_mid_of_the_message_and_no_text() -> None:
    kernel, bot, account = make_world("instagram")
    message = account.message("oops")

    account.unsend(message)
    run(kernel)

    assert bot.told[-1].item["message"] == {"mid": message.mid, "is_deleted": True}


def test_unsend__is_not_told_on_messenger() -> None:
    _, _, account = make_world("messenger")

    with pytest.raises(ScenarioError, match=r"^Messenger has no unsend$"):
        account.unsend(account.message("oops"))


@pytest.mark.parametrize("platform", ["messenger", "instagram"])
def test_standby__is_listened_to(platform: PlatformName) -> None:
    kernel, bot, account = make_world(platform, answer_questions)

    message = account.standby("hello")
    run(kernel)

    assert message.is_standby
    assert [told.place for told in bot.told] == ["standby"]
    assert account.sent_count == 0


def test_standby__is_not_on_whatsapp() -> None:
    _, _, account = make_world("whatsapp")

    with pytest.raises(ScenarioError, match=r"^WhatsApp has no stand-by$"):
        account.standby("hello")


def test_handover__what_people_write_to_another_app_is_stand_by() -> None:
    kernel, bot, account = make_world("messenger")
    account.happen("take_thread_control")

    listened = account.message("to them")
    elsewhere = account.message("to us", sender="ben")
    account.happen("pass_thread_control")
    back = account.message("to us again")
    run(kernel)

    assert [told.place for told in bot.told if told.text] == ["standby", "messaging", "messaging"]
    assert [one.is_standby for one in (listened, elsewhere, back)] == [True, False, False]


def test_changes__are_retried_as_generic_webhooks() -> None:
    kernel, _, account = make_world("messenger")

    comment = account.happen("feed_comment")
    message = account.message("hello")
    run(kernel)

    assert comment.notice.webhook is not None
    assert comment.notice.webhook.product is GENERIC
    assert message.notice.webhook is not None
    assert message.notice.webhook.product is None


def test_whatsapp__has_its_own_product_for_everything() -> None:
    kernel, _, account = make_world("whatsapp")
    message = account.happen("status_read")
    run(kernel)

    assert account.courier.product.acknowledgement == "200"
    assert message.notice.webhook is not None
    assert message.notice.webhook.product is None


@pytest.mark.parametrize("platform", PLATFORMS)
def test_window__is_opened_by_what_people_do_and_not_by_what_happens(
    platform: PlatformName,
) -> None:
    kernel, _, account = make_world(platform)
    for name, kind in account.dialect.items.items():
        account.happen(name, kind.sample, sender=name)
    run(kernel)

    opened = {
        name
        for name in account.dialect.items
        if account.contacts.last_act(account.contacts.psid(name)) is not None
    }
    assert opened == {name for name, kind in account.dialect.items.items() if kind.opens}


def test_optin__token_is_an_address() -> None:
    kernel, _, account = make_world("messenger")
    account.happen("optin", token="a-token", sender="ben")
    run(kernel)

    assert account.contacts.known("a-token") == account.contacts.psid("ben")


def test_comment__can_have_a_private_reply() -> None:
    kernel, bot, account = make_world("instagram")
    account.happen("comment", sender="ben")
    run(kernel)

    comment = account.nodes.comments.find(bot.told[0].item["id"])
    assert comment is not None
    assert comment.author == account.contacts.psid("ben")


@pytest.mark.parametrize(
    ("fields", "keys"),
    [
        (["messages"], ["mid", "text"]),
        (["messages", "messaging_referrals"], ["mid", "text", "referral"]),
    ],
)
def test_from_ad__is_told_to_who_asked_for_referrals(fields: list[Field], keys: list[str]) -> None:
    kernel, bot, account = make_world("messenger", fields=fields)

    account.happen("from_ad")
    run(kernel)

    assert list(bot.told[0].item["message"]) == keys


def test_from_ad__keeps_the_window_open_for_longer() -> None:
    kernel, _, account = make_world("messenger")
    account.happen("from_ad")
    run(kernel)
    kernel.clock.move_to(3 * 86_400.0)

    reply = account.handle(send_request(account, "hi", account.contacts.psid("ada")))

    assert reply.status == 200


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"signatures": "half"}, "signatures must be one of both, sha256_only, sha1_only, wrong, "),
        ({"copies": 0}, "copies must be at least 1, not 0"),
        ({"order": "random"}, "order must be one of parallel, serial, not random"),
    ],
)
def test_options__that_make_no_sense(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        WhatsApp(Kernel(), callback_url=URL, **options)
    assert str(caught.value).startswith(problem)


def test_signatures__are_those_of_the_option() -> None:
    kernel, bot, account = make_world("instagram")
    seen: list[Request] = []
    accept = bot.accept

    def look(
        delivery: Delivery, request: Request, entry: int, done: Callable[[Outcome], None]
    ) -> None:
        seen.append(request)
        accept(delivery, request, entry, done)

    bot.accept = look  # type: ignore[method-assign]

    account.courier.signatures = "sha1_only"
    account.message("hello")
    run(kernel)

    assert seen[0].header("X-Hub-Signature-256") is None
    assert seen[0].header("X-Hub-Signature") is not None


def test_escape_legacy__reaches_the_body() -> None:
    account = make_account("whatsapp", Kernel(), callback_url=URL, escape_legacy=True)
    update = account.update("text", sender="ada", name="u0", mid="MID", text="a@b")

    assert rb'"body":"a\u0040b"' in account.body(update)
    assert json.loads(account.body(update))


@pytest.mark.parametrize("platform", PLATFORMS)
def test_credentials__name_the_account_and_its_token(platform: PlatformName) -> None:
    credentials = Credentials()

    assert credentials.account(platform).isdecimal()
    assert credentials.token(platform).startswith("EAAfake")
    assert credentials.token(platform) not in repr(credentials)


def test_fields__of_a_platform_have_no_double() -> None:
    assert all(len(set(fields)) == len(fields) for fields in FIELDS.values())


@pytest.mark.parametrize("platform", PLATFORMS)
def test_update__is_of_nothing_that_happened(platform: PlatformName) -> None:
    kernel, bot, account = make_world(platform)

    account.body(account.update("text", sender="ada", name="n", mid="m"))
    run(kernel)

    assert (kernel.mids, bot.bodies, len(kernel.journal)) == ({}, [], 0)


def test_account__is_what_all_of_them_are() -> None:
    assert all(issubclass(one, Account) for one in (Messenger, Instagram, WhatsApp))

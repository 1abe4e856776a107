"""Limits: what is counted, what is told of it in headers, and what is refused beyond."""

import json
import re
from typing import Any

import pytest

from emulator.errors import ScenarioError
from emulator.meta import GraphOptions
from emulator.meta.graph.limits import RATES
from emulator.meta.graph.refusals import refusal
from emulator.meta.graph.usage import PARTS, Rolling
from tests.meta.graph_support import Client

HOUR, DAY = 3600.0, 86_400.0
THROTTLED = GraphOptions(throttled=True)
VIDEO = {"attachment": {"type": "video", "payload": {"url": "https://a.example"}}}


def app_usage(answer: Any) -> int:
    usage = json.loads(answer.header("x-app-usage") or "")
    assert list(usage) == ["call_count", "total_time", "total_cputime"]
    return int(usage["call_count"])


def business_usage(answer: Any, client: Client) -> dict[str, Any] | None:
    header = answer.header("x-business-use-case-usage")
    if header is None:
        return None
    (listed,) = json.loads(header).items()
    assert listed[0] == client.id
    (usage,) = listed[1]
    return dict(usage)


def test_rolling__counts_what_is_in_the_window() -> None:
    rolling = Rolling(60.0)
    for second in range(120):
        rolling.add(float(second))
        rolling.expire(float(second))
        assert rolling.total == min(second + 1, PARTS)


def test_rolling__says_when_it_eases() -> None:
    rolling = Rolling(60.0)
    assert rolling.eases_in(5.0) == 0.0
    rolling.add(10.5)
    assert rolling.eases_in(20.0) == 50.0
    rolling.expire(70.0)
    assert rolling.total == 0


def test_headers__follow_the_calls() -> None:
    client = Client()
    seen = [app_usage(client.get("/me")) for _ in range(10)]
    assert seen == [0, 1, 1, 2, 2, 3, 3, 4, 4, 5]

    client.advance(HOUR + 60)
    # The call itself counts, and the person is no longer one of the hour's only.
    assert app_usage(client.get("/me")) == 0


def test_headers__of_the_account_once_there_is_something_to_tell() -> None:
    client = Client()
    assert business_usage(client.get("/me"), client) is None
    assert business_usage(client.get("/me"), client) == {
        "type": "messenger",
        "call_count": 1,
        "total_cputime": 1,
        "total_time": 1,
        "estimated_time_to_regain_access": 0,
    }


def test_headers__messages_of_whatsapp_are_no_calls_of_the_account() -> None:
    client = Client("whatsapp")
    for _ in range(60):
        answer = client.say()

    assert app_usage(answer) == 30
    assert business_usage(answer, client) is None


def test_headers__more_people_allow_more_calls() -> None:
    client = Client()
    for number in range(9):
        client.account.message("hi", sender=f"p{number}")
    assert [app_usage(client.get("/me")) for _ in range(20)][-1] == 1


def page_usage(answer: Any) -> dict[str, int] | None:
    header = answer.header("x-page-usage")
    return None if header is None else dict(json.loads(header))


def test_headers__of_the_page_as_in_older_versions() -> None:
    client = Client(options=GraphOptions(page_usage=True))
    # 1% of 4,800 calls for the one person who wrote.
    answers = [client.get("/me") for _ in range(48)]

    assert [page_usage(answer) for answer in answers[:47]] == [None] * 47
    assert page_usage(answers[47]) == {"call_count": 1, "total_time": 1, "total_cputime": 1}
    assert business_usage(answers[47], client) is not None


def test_headers__of_the_page_only_if_asked_for() -> None:
    client = Client()
    assert {page_usage(client.get("/me")) is None for _ in range(60)} == {True}


@pytest.mark.parametrize(
    ("platform", "kind"), [("instagram", "instagram"), ("whatsapp", "whatsapp")]
)
def test_headers__name_the_platform(platform: Any, kind: str) -> None:
    client = Client(platform)
    client.say()
    for _ in range(50):
        answer = client.get(f"/{client.id}")
    usage = business_usage(answer, client)

    assert usage is not None
    assert usage["type"] == kind


def test_app_limit__of_200_calls_an_hour_for_each_person() -> None:
    client = Client(options=THROTTLED)
    assert {client.get("/me").status for _ in range(200)} == {200}
    refused = client.get("/me")

    assert (refused.status, refused.error) == (400, (4, None))
    assert refused.body["error"]["is_transient"] is True
    assert refused.body["error"]["type"] == "OAuthException"
    client.advance(HOUR + 60)
    # The account's limit, which is of a day, is as high.
    assert client.get("/me").error == (80006, None)


@pytest.mark.parametrize(
    ("platform", "code", "calls"),
    [("messenger", 80006, 200), ("instagram", 80002, 200)],
)
def test_account_limit__of_a_day(platform: Any, code: int, calls: int) -> None:
    client = Client(platform, options=THROTTLED)
    for _ in range(calls):
        client.advance(100.0)
        assert client.get("/me").status == 200
    refused = client.get("/me")

    assert refused.error == (code, None)
    usage = business_usage(refused, client)
    assert usage is not None
    assert usage["call_count"] == 100
    assert usage["estimated_time_to_regain_access"] == pytest.approx(1440 - 20000 / 60, abs=30)


def test_account_limit__of_whatsapp() -> None:
    client = Client("whatsapp", options=THROTTLED)
    for _ in range(5000):
        client.account.graph.site.usage.count(0.0)
    # The app's own limit is for each person and comes first: 26 of them allow more.
    for number in range(30):
        client.account.message("hi", sender=f"p{number}")

    assert client.get(f"/{client.id}").error == (80008, None)


@pytest.mark.parametrize(
    ("platform", "message", "calls"),
    [("messenger", None, 300), ("messenger", VIDEO, 10), ("instagram", None, 300)],
)
def test_send_rate__of_a_second(platform: Any, message: object, calls: int) -> None:
    client = Client(platform, options=THROTTLED)
    client.account.message("hi", sender="bo")
    assert {client.say(message).status for _ in range(calls)} == {200}
    refused = client.say(message)

    assert refused.error == (613, None)
    client.advance(0.999)
    assert client.say(message).error == (613, None)
    client.advance(0.001)
    assert client.say(message).status == 200
    assert client.account.sent_count == calls + 1


def test_send_rate__of_a_whatsapp_number() -> None:
    client = Client("whatsapp", options=THROTTLED)
    people = [client.account.message("hi", sender=f"p{number}").psid for number in range(81)]
    assert {client.say(to=psid).status for psid in people[:80]} == {200}
    assert client.say(to=people[80]).error == (130429, None)


def test_pair_rate__one_message_in_six_seconds() -> None:
    client = Client("whatsapp", options=THROTTLED)
    assert client.say().status == 200
    client.advance(5.999)
    refused = client.say()
    assert (refused.status, refused.error) == (400, (131056, None))
    assert refused.body["error"]["error_data"]["messaging_product"] == "whatsapp"
    client.advance(0.001)
    assert client.say().status == 200


def test_conversations__two_a_second() -> None:
    client = Client(options=THROTTLED)
    statuses = [client.get("/me/conversations").status for _ in range(3)]

    assert statuses == [200, 200, 400]


def test_messenger_profile__ten_calls_in_ten_minutes() -> None:
    client = Client(options=THROTTLED)
    statuses = [client.get("/me/messenger_profile", fields="greeting").status for _ in range(11)]

    assert statuses == [200] * 10 + [400]
    client.advance(600.0)
    assert client.get("/me/messenger_profile", fields="greeting").status == 200


def test_private_replies__750_an_hour() -> None:
    client = Client(options=THROTTLED)
    for number in range(40):
        client.account.message("hi", sender=f"p{number}")
    for number in range(751):
        client.account.nodes.comments.wrote(f"9_{number}", client.ada, at=0.0)
    answers = [client.say(to={"comment_id": f"9_{number}"}) for number in range(751)]

    assert {answer.status for answer in answers[:750]} == {200}
    assert answers[750].error == (613, None)
    client.advance(HOUR)
    assert client.say(to={"comment_id": "9_750"}).status == 200


def test_private_replies__to_live_comments_100_a_second() -> None:
    client = Client("instagram", options=THROTTLED, fields=("messages", "live_comments"))
    client.account.happen("live_comment", sender="ada")
    (known,) = client.account.nodes.comments._known.values()
    assert known.live
    for number in range(101):
        client.account.nodes.comments.wrote(f"9_{number}", client.ada, at=0.0, live=True)
    answers = [client.say(to={"comment_id": f"9_{number}"}) for number in range(101)]

    assert {answer.status for answer in answers[:100]} == {200}
    assert answers[100].error == (613, None)
    client.advance(1.0)
    assert client.say(to={"comment_id": "9_100"}).status == 200


def test_inbox__of_more_than_40_messages_in_a_second_is_not_listed() -> None:
    client = Client(options=THROTTLED)
    for _ in range(40):
        client.say()
    assert client.get("/me/conversations").status == 200
    assert client.say().status == 200

    assert client.get("/me/conversations").error == (613, None)
    client.advance(1.0)
    assert client.get("/me/conversations").status == 200


def test_inbox__of_too_many_messages_shows_a_single_conversation() -> None:
    client = Client(options=THROTTLED)
    for _ in range(41):
        client.say()
    client.advance(0.999)

    assert client.get("/me/conversations").error == (613, None)
    assert client.get("/me/conversations", user_id=client.ada).status == 200
    assert client.get(f"/t_{client.ada}").status == 200


def test_inbox__is_listed_whatever_is_sent_unless_asked_for() -> None:
    client = Client()
    for _ in range(50):
        client.say()
    assert client.get("/me/conversations").status == 200


def test_inbox__of_instagram_has_no_such_limit() -> None:
    client = Client("instagram", options=THROTTLED)
    for _ in range(50):
        client.say()
    assert client.get("/me/conversations").status == 200


def test_inbox__that_stops_sends() -> None:
    client = Client(options=GraphOptions(throttled=True, inbox_stops_sends=True))
    for number in range(2):
        client.account.nodes.comments.wrote(f"9_{number}", client.ada, at=0.0)
    assert client.say(to={"comment_id": "9_0"}).status == 200
    assert {client.say().status for _ in range(39)} == {200}

    assert client.say(to={"comment_id": "9_1"}).error == (613, None)
    client.advance(0.999)
    assert client.say().error == (613, None)
    client.advance(0.001)
    assert client.say().status == 200
    assert client.account.sent_count == 41


def test_thread_limit__of_one_conversation() -> None:
    client = Client(options=GraphOptions(thread_limit=(2, 10.0)))
    bo = client.account.message("hi", sender="bo").psid
    client.account.nodes.comments.wrote("9_0", client.ada, at=0.0)
    assert [client.say().status for _ in range(3)] == [200, 200, 400]
    assert client.say(to=bo).status == 200
    assert client.say(to={"comment_id": "9_0"}).error == (613, None)

    client.advance(9.999)
    assert client.say().error == (613, None)
    client.advance(0.001)
    assert client.say().status == 200
    assert client.account.sent_count == 4


def test_thread_limit__is_of_the_last_seconds() -> None:
    client = Client(options=GraphOptions(thread_limit=(2, 10.0)))
    statuses = []
    for wait_s in (0.0, 5.0, 4.75, 0.25, 4.75, 0.25):
        client.advance(wait_s)
        statuses.append(client.say().status)

    assert statuses == [200, 200, 400, 200, 400, 200]


def test_thread_limit__is_none_by_default() -> None:
    client = Client(options=THROTTLED)
    assert {client.say().status for _ in range(200)} == {200}


def test_thread_limit__keeps_only_who_was_written_to_lately() -> None:
    usage = Client().account.graph.site.usage
    for number in range(1000):
        # One of them is written to all the time.
        for person in ("ada", f"p{number}"):
            assert usage.refuse_in_thread(float(number), to=person, limit=(5, 5.0)) is None
    assert len(usage._threads) == 6


@pytest.mark.parametrize("platform", ["messenger", "instagram"])
def test_thread_limit__of_sender_actions_there_is_none(platform: Any) -> None:
    client = Client(platform, options=GraphOptions(thread_limit=(1, 10.0)))
    client.say()
    body = {"recipient": {"id": client.ada}, "sender_action": "typing_on"}
    assert client.post("/me/messages", body).status == 200


@pytest.mark.parametrize(
    ("platform", "options", "told"),
    [
        (
            "whatsapp",
            {"thread_limit": (1, 1.0)},
            "thread_limit is not of WhatsApp, which has the pair limit",
        ),
        (
            "instagram",
            {"page_usage": True},
            "inbox_stops_sends and page_usage are of pages only",
        ),
        (
            "messenger",
            {"thread_limit": (0, 1.0)},
            "thread_limit must be at least 1 message in more than 0 seconds, not 0 in 1",
        ),
        (
            "messenger",
            {"thread_limit": (1, 0.0)},
            "thread_limit must be at least 1 message in more than 0 seconds, not 1 in 0",
        ),
        ("messenger", {"inbox_stops_sends": True}, "inbox_stops_sends needs throttled"),
    ],
)
def test_options__that_make_no_sense(platform: Any, options: Any, told: str) -> None:
    with pytest.raises(ScenarioError, match=f"^{re.escape(told)}$"):
        Client(platform, options=GraphOptions(**options))
    with pytest.raises(ScenarioError, match=f"^{re.escape(told)}$"):
        Client(platform).account.graph.configure(GraphOptions(**options))


def test_calls__are_not_refused_unless_asked_for() -> None:
    client = Client()
    assert {client.say().status for _ in range(400)} == {200}
    assert app_usage(client.get("/me")) > 100


def test_rates__are_refused_with_codes_that_are_known() -> None:
    assert {refusal(rate.code).transient for rate in RATES} == {True}

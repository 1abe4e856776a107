"""People write, and what came of it is told for each message."""

from tests.control.support import Api, Bot

ONE = "/v1/messages/{root}"


def test_message__is_answered_and_counted(api: Api) -> None:
    (written,) = api.post("/v1/messages", {"text": "hello", "sender": "bob"})["messages"]
    assert (written["root"], written["sender"], written["text"]) == ("u0", "bob", "hello")
    api.quiet()
    message = api.get("/v1/messages/u0", described=ONE)
    assert message["mid"] == written["mid"]
    assert message["counts"] == {
        "publishes": 1,
        "duplicates": 0,
        "deliveries": 4,
        "replies": 1,
        "calls": 2,
        "late": 0,
        "dead": 0,
        "findings": 0,
    }


def test_messages__several_at_once_are_told_of_one_by_one(api: Api) -> None:
    written = api.post("/v1/messages", {"texts": ["a", "b"], "copies": 1})["messages"]
    api.quiet()
    assert [one["root"] for one in written] == ["u0", "u1"]
    webhooks = [one for one in api.journal(kind="delivery") if one["detail"]["kind"] == "user"]
    assert [one["roots"] for one in webhooks] == [["u0"], ["u1"]]


def test_messages_together__are_told_of_by_one_webhook_and_counted_apart(api: Api) -> None:
    api.post("/v1/messages", {"texts": ["a", "b"], "copies": 1, "together": True})
    api.quiet()
    webhooks = [one for one in api.journal(kind="delivery") if one["detail"]["kind"] == "user"]
    assert [one["roots"] for one in webhooks] == [["u0", "u1"]]
    assert api.post("/v1/expect")["passed"]


def test_copies__are_of_this_message_only(api: Api) -> None:
    api.post("/v1/messages", {"text": "a", "copies": 5, "spacing": "shuffled"})
    api.post("/v1/messages", {"text": "b"})
    api.quiet(skip=True)
    webhooks = [one for one in api.journal(kind="delivery") if one["detail"]["kind"] == "user"]
    assert sum(one["roots"] == ["u0"] for one in webhooks) == 5
    assert sum(one["roots"] == ["u1"] for one in webhooks) == 3


def test_repeat__sends_the_webhook_again(api: Api) -> None:
    api.post("/v1/messages", {"text": "a", "copies": 1})
    api.quiet()
    api.post("/v1/messages/u0/repeat", {"copies": 2}, described=ONE + "/repeat")
    api.quiet()
    names = [one["name"] for one in api.journal(kind="delivery") if one["detail"]["kind"] == "user"]
    assert names == ["u0.w0", "u0.w1", "u0.w2"]
    assert api.post("/v1/expect")["passed"]


def test_messages__are_listed_behind_a_cursor(api: Api) -> None:
    api.post("/v1/messages", {"texts": ["a", "b", "c"]})
    api.quiet()
    first = api.get("/v1/messages", limit=2)["messages"]
    rest = api.get("/v1/messages", after="u1")["messages"]
    assert [one["text"] for one in (*first, *rest)] == ["a", "b", "c"]


def test_replies__are_told_by_person_and_by_message(api: Api) -> None:
    api.post("/v1/messages", {"text": "a", "sender": "ada"})
    api.post("/v1/messages", {"text": "b", "sender": "bob"})
    api.quiet()
    (reply,) = api.get("/v1/replies", sender="bob")["replies"]
    assert (reply["text"], reply["roots"], reply["right_user"]) == ("You said: b", ["u1"], True)
    assert [one["text"] for one in api.get("/v1/replies", root="u0")["replies"]] == ["You said: a"]
    everything = api.get("/v1/replies")["replies"]
    assert api.get("/v1/replies", after=everything[0]["seq"])["replies"] == everything[1:]


def test_replies_of_one_person_at_once__are_each_for_its_message(api: Api, bot: Bot) -> None:
    bot.reply = "Thank you!"
    api.post("/v1/messages", {"texts": [f"message {number}" for number in range(10)]})
    api.quiet()
    assert api.post("/v1/expect")["observed"] == "10 messages, 10 publishes, 10 replies"
    roots = [one["roots"] for one in api.get("/v1/replies")["replies"]]
    assert sorted(roots) == sorted([f"u{number}"] for number in range(10))


def test_unknown_message__is_refused_with_the_latest(api: Api) -> None:
    answer = api.ask("GET", "/v1/messages/u7", described=ONE)
    assert answer.status_code == 404
    assert answer.json()["error"] == ("there is no message u7: nobody has written since the reset")
    api.post("/v1/messages", {"text": "a"})
    answer = api.ask("POST", "/v1/messages/u7/repeat", {}, described=ONE + "/repeat")
    assert answer.json()["error"] == "there is no message u7: the latest is u0"

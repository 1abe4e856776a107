"""Counts, the verdict over the messages, and the journal behind both."""

from tests.control.support import Api, Bot


def test_expect__names_the_first_message_out_of_contract(api: Api, bot: Bot) -> None:
    bot.vice = "forgets"
    api.post("/v1/messages", {"text": "hello"})
    api.quiet()
    verdict = api.post("/v1/expect")
    assert verdict["passed"] is False
    assert verdict["expected"] == "1 message, 1 publish, 1 reply"
    assert verdict["observed"] == "1 message, 3 publishes, 3 replies"
    assert verdict["error"] == verdict["wrong"][0]["why"]
    assert verdict["error"].startswith('message u0 "hello" was published 3 times: t=')
    assert verdict["error"].count("(expected once)") == 2


def test_expect__before_the_world_is_quiet_says_so(api: Api, bot: Bot) -> None:
    bot.status = 500
    api.post("/v1/messages", {"text": "hello"})
    api.rest(until="idle")
    verdict = api.post("/v1/expect")
    assert verdict["error"] == (
        'message u0 "hello" was never answered (expected once); '
        "the world is not quiet yet, POST /v1/wait first"
    )


def test_expect__of_named_messages_and_other_numbers(api: Api, bot: Bot) -> None:
    api.post("/v1/messages", {"text": "a"})
    api.quiet()
    bot.vice = "forgets"
    api.post("/v1/messages", {"text": "b"})
    api.quiet()
    assert api.post("/v1/expect")["wrong_count"] == 1
    assert api.post("/v1/expect", {"messages": ["u0"]})["passed"]
    three = {"publishes": 3, "replies": None, "messages": ["u1"]}
    assert api.post("/v1/expect", three)["expected"] == "1 message, 3 publishes"
    assert api.post("/v1/expect", three)["passed"]


def test_expect__work_for_no_message_counts(api: Api, bot: Bot) -> None:
    bot.publish({"psid": "1", "text": "out of the blue"})
    api.rest(until="idle")
    verdict = api.post("/v1/expect")
    assert verdict["passed"] is False
    assert verdict["error"].startswith("1 publish of no message: https://my-bot.example.com/api/")


def test_expect__an_unknown_message_is_refused(api: Api) -> None:
    answer = api.ask("POST", "/v1/expect", {"messages": ["u3"]})
    assert (answer.status_code, answer.json()["error"]) == (404, "there is no message u3")


def test_counts__are_those_of_the_journal(api: Api) -> None:
    api.post("/v1/messages", {"texts": ["a", "b"]})
    api.quiet()
    counts = api.get("/v1/counts")
    assert (counts["messages"], counts["publishes"], counts["replies"]) == (2, 2, 2)
    assert counts["deliveries"] == len(api.journal(kind="delivery")) == 8
    assert counts["open"] == 0


def test_journal__goes_on_behind_its_cursor(api: Api) -> None:
    api.post("/v1/messages", {"text": "a"})
    api.quiet()
    everything = api.journal()
    first = api.ask("GET", "/v1/journal", params={"limit": 5})
    cursor = int(first.headers["thrice-cursor"])
    assert len(first.text.splitlines()) == 5
    assert api.journal(after=cursor) == everything[5:]
    last = api.ask("GET", "/v1/journal", params={"after": cursor, "kind": "message"})
    assert (last.text, last.headers["thrice-dropped"]) == ("", "0")
    assert api.journal(after=int(last.headers["thrice-cursor"])) == []


def test_journal__is_chosen_by_kind_and_message(api: Api) -> None:
    api.post("/v1/messages", {"texts": ["a", "b"]})
    api.quiet()
    entries = api.journal(kind=["publish", "reply"], root="u1")
    assert [one["kind"] for one in entries] == ["publish", "reply"]
    assert entries[0]["detail"]["url"] == "https://my-bot.example.com/api/process-message"


def test_answers__hold_no_credentials(api: Api) -> None:
    api.post("/v1/messages", {"text": "a"})
    api.quiet()
    texts = [
        api.ask("GET", path).text
        for path in ("/v1/config", "/v1/counts", "/v1/messages", "/v1/replies", "/v1/journal")
    ]
    for account in api.accounts:
        for secret in (account.token, account.current_key, account.next_key):
            assert not any(secret in text for text in texts)

"""The counts of each user and hour, for those with the token."""

from dataclasses import replace

import httpx
import pytest
from starlette.applications import Starlette

from reference_bot.app import create_app
from reference_bot.message import safe_key
from tests.reference_bot.conftest import Clock
from tests.reference_bot.outside import (
    SETTINGS,
    Outside,
    deliver,
    make_app,
    request,
    run,
    text_item,
    webhook_body,
)

HOUR = "2027-01-15T08"


def ask(app: Starlette, query: str = "", token: str = "Bearer usage-token") -> httpx.Response:
    """Ask for the counts."""
    (reply,) = run(request(app, "GET", "/api/usage" + query, authorization=token))
    return reply


def test_publishes_are_counted_by_user_and_hour(clock: Clock) -> None:
    outside = Outside()
    app = make_app(outside)
    for at, sender in enumerate(["100", "200", "100", "3:3"]):
        body = webhook_body(text_item(f"m_{at}", sender=sender))
        run(*[deliver(app, body) for _ in range(3)])
    reply = ask(app, f"?hour={HOUR}")
    assert reply.status_code == 200
    assert reply.json() == {
        "hour": HOUR,
        "publishes": 4,
        "held": 0,
        "users": {"100": 2, "200": 1, safe_key("3:3"): 1},
        "users_not_shown": 0,
    }


def test_it_is_this_hour_when_none_is_given(clock: Clock) -> None:
    outside = Outside()
    app = make_app(outside)
    run(deliver(app, webhook_body(text_item())))
    clock.advance(3_600)
    assert ask(app).json() == {
        "hour": "2027-01-15T09",
        "publishes": 0,
        "held": 0,
        "users": {},
        "users_not_shown": 0,
    }


def test_held_messages_are_no_publishes(clock: Clock) -> None:
    outside = Outside()
    app = make_app(outside, publishes_per_hour=12)
    bodies = [webhook_body(text_item(f"m_{at}", sender=f"x{at}")) for at in range(9)]
    run(*[deliver(app, body) for body in bodies])
    counted = ask(app).json()
    assert (counted["publishes"], counted["held"], len(counted["users"])) == (3, 6, 3)


def test_the_answer_is_bounded(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reference_bot.usage.USERS_SHOWN", 3)
    app = make_app(Outside())
    for at, sender in enumerate(["c", "b", "a", "c", "d"]):
        run(deliver(app, webhook_body(text_item(f"m_{at}", sender=sender))))
    counted = ask(app).json()
    assert list(counted["users"].items()) == [("c", 2), ("a", 1), ("b", 1)]
    assert counted["users_not_shown"] == 1


@pytest.mark.parametrize("token", ["", "Bearer", "Bearer usage-toke", "usage-token", "\xe4"])
def test_a_wrong_token_is_refused(token: str) -> None:
    outside = Outside()
    reply = ask(make_app(outside), token=token)
    assert (reply.status_code, reply.headers["www-authenticate"]) == (401, "Bearer")
    assert outside.calls == []


@pytest.mark.parametrize("token", ["", "Bearer", "Bearer ", "Bearer usage-token"])
def test_without_a_configured_token_there_is_no_such_route(token: str) -> None:
    outside = Outside()
    app = create_app(replace(SETTINGS, usage_token=""), http=outside.client())
    assert ask(app, token=token).status_code == 404
    assert outside.calls == []


@pytest.mark.parametrize("hour", ["2027", "2027-01-15", "2027-01-15T08:00", "../x", "a/b/c/d"])
def test_an_odd_hour_is_refused(hour: str) -> None:
    outside = Outside()
    reply = ask(make_app(outside), f"?hour={hour}")
    assert (reply.status_code, reply.text) == (400, "the hour has to be given as 2027-01-15T08")
    assert outside.calls == []


def test_a_store_in_trouble_is_told() -> None:
    outside = Outside(fault=lambda _: httpx.Response(500))
    assert ask(make_app(outside), f"?hour={HOUR}").status_code == 503

"""Until when a page may write to a person."""

import pytest

from emulator.meta.sends.window import OUTSIDE_WINDOW, EventTags, refuse_late

DAY = 86_400.0


@pytest.mark.parametrize(
    ("occasion", "idle_s", "event_tags", "is_allowed"),
    [
        ("RESPONSE", 0.0, "refuse", True),
        ("RESPONSE", DAY - 0.001, "refuse", True),
        ("RESPONSE", DAY, "refuse", False),
        ("UPDATE", DAY - 0.001, "refuse", True),
        ("UPDATE", DAY, "refuse", False),
        ("UPDATE", DAY, "accept", False),
        ("HUMAN_AGENT", 7 * DAY - 0.001, "refuse", True),
        ("HUMAN_AGENT", 7 * DAY, "refuse", False),
        ("HUMAN_AGENT", 7 * DAY, "accept", False),
        ("ACCOUNT_UPDATE", DAY - 0.001, "refuse", True),
        ("ACCOUNT_UPDATE", DAY, "refuse", False),
        ("ACCOUNT_UPDATE", 30 * DAY, "accept", True),
        ("POST_PURCHASE_UPDATE", DAY, "accept", True),
        ("CONFIRMED_EVENT_UPDATE", DAY, "accept", True),
        ("UTILITY", 30 * DAY, "refuse", True),
    ],
)
def test_refuse_late(occasion: str, idle_s: float, event_tags: EventTags, is_allowed: bool) -> None:
    expected = None if is_allowed else OUTSIDE_WINDOW

    assert refuse_late(occasion, idle_s, event_tags=event_tags) == expected


def test_outside_window__as_the_platform_words_it() -> None:
    assert OUTSIDE_WINDOW.status == 400
    assert OUTSIDE_WINDOW.envelope("A1") == {
        "error": {
            "message": "(#10) This message is sent outside of allowed window.",
            "type": "OAuthException",
            "code": 10,
            "error_subcode": 2018278,
            "fbtrace_id": "A1",
        }
    }

"""The cascade over HTTP: signed, verified, and counted like its model."""

import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from emulator.qstash.service import DEFAULT_CURRENT_KEY, DEFAULT_NEXT_KEY
from harness.incident.app import Settings
from harness.incident.cascade import Cascade
from harness.incident.model import Model
from harness.incident.plain import simulate
from harness.incident.rows import BURN, ROWS
from harness.incident.signed import SignedDoor, burn_here

SMALL = replace(BURN, levels=3)


class WatchedDoor(SignedDoor):
    """Keeps the headers of every request to the bot."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.seen: list[Mapping[str, str]] = []
        app = self._app

        async def watched(scope: Any, receive: Any, send: Any) -> None:
            headers = {key.decode(): value.decode() for key, value in scope["headers"]}
            self.seen.append({"path": scope["path"], **headers})
            await app(scope, receive, send)

        self._app = watched


def played(model: Model, settings: Settings | None = None, **options: Any) -> tuple[Any, Any]:
    cascade = Cascade(model)
    door = WatchedDoor(cascade, settings or Settings(), **options)
    cascade.door = door
    cascade.message("12345678901234567")
    return cascade.run(), door


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_signed__counts_what_the_model_counts(row: Any) -> None:
    # Endless rows for a minute, deep ones for four levels: the rest is more of the same.
    model = replace(
        row.model,
        levels=None if row.model.levels is None else min(row.model.levels, 3),
        horizon_s=None if row.model.horizon_s is None else 60.0,
        failure=0.0,
    )
    assert burn_here(model, first=0, messages=1) == simulate(model)


def test_burn__scaled_down_is_exact() -> None:
    tally = burn_here(BURN, first=0, messages=2)
    assert tally.levels == (12, 72, 432, 2_592)
    assert (tally.deliveries, tally.publishes, tally.invocations) == (3_108, 1_554, 4_662)
    assert (tally.rejected, tally.quiet, f"{tally.virtual_s:.1f}") == (0, True, "40.0")


def test_every_request__carries_a_signature() -> None:
    _, door = played(SMALL)
    hooks = [seen for seen in door.seen if seen["path"] == "/api/messenger"]
    calls = [seen for seen in door.seen if seen["path"] == "/api/internal/delayed-response"]
    assert (len(hooks), len(calls)) == (3 + 3 * (6 + 36), 6 + 36 + 216)
    assert all(seen["x-hub-signature-256"].startswith("sha256=") for seen in hooks)
    assert all(seen["upstash-signature"].count(".") == 2 for seen in calls)


def test_attempts__of_a_message_have_one_id_and_a_counter() -> None:
    _, door = played(replace(BURN, levels=1))
    calls = [seen for seen in door.seen if "upstash-message-id" in seen]
    assert sorted(seen["upstash-retried"] for seen in calls) == ["0"] * 3 + ["1"] * 3
    assert len({seen["upstash-message-id"] for seen in calls}) == 3
    assert len({seen["upstash-signature"] for seen in calls}) == 6


def test_bot__refuses_a_queue_with_another_key() -> None:
    tally, _ = played(SMALL, signing_key="sig_of_somebody_else")
    # Three messages of which all four attempts are refused, and no trigger comes of them.
    assert (tally.levels, tally.rejected, tally.publishes) == ((12,), 12, 3)


def test_bot__takes_the_next_key() -> None:
    tally, _ = played(SMALL, signing_key=DEFAULT_NEXT_KEY)
    assert (tally.deliveries, tally.rejected) == (258, 0)


def test_bot__refuses_a_platform_with_another_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    cascade = Cascade(SMALL)
    settings = Settings()
    door = SignedDoor(cascade, settings)
    cascade.door = door
    monkeypatch.setattr(door, "_settings", replace(settings, app_secret="another"))
    cascade.message("12345678901234567")
    tally = cascade.run()
    assert (tally.rejected, tally.publishes, tally.deliveries) == (3, 0, 0)


def test_secrets__are_not_shown() -> None:
    shown = repr(Settings())
    assert DEFAULT_CURRENT_KEY not in shown
    assert "secret" not in shown


def test_cost__is_the_same_for_each_delivery() -> None:
    def calls(messages: int) -> int:
        """Python calls, which unlike time do not depend on what else the machine does."""
        counted = 0

        def count(frame: object, event: str, argument: object) -> None:
            nonlocal counted
            counted += event == "call"

        cascade = Cascade(SMALL)
        cascade.door = SignedDoor(cascade, Settings())
        for number in range(messages):
            cascade.message(f"{number:017}")
        before = sys.getprofile()
        sys.setprofile(count)
        try:
            cascade.run()
        finally:
            sys.setprofile(before)
        return counted

    one = calls(1)
    assert calls(8) == pytest.approx(8 * one, rel=0.01)

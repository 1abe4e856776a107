"""Copies at times that somebody lists; those by name are in `test_delivery.py`."""

import pytest

from emulator.errors import ScenarioError
from tests.meta.courier_support import ok_at_once, run, webhook, world


def test_seconds__minutes_later() -> None:
    kernel, bot, courier = world(ok_at_once, copies=3, spacing=[0.0, 120.0, 600.0])

    courier.send(webhook(), at=7.0)
    run(kernel)

    assert bot.seen == [(7.0, "u0.w0"), (127.0, "u0.w1"), (607.0, "u0.w2")]


def test_seconds__go_on_with_the_last_interval() -> None:
    kernel, bot, courier = world(ok_at_once, copies=4, spacing=(1.0, 3.0))

    courier.send(webhook())
    run(kernel)

    assert [at for at, _ in bot.seen] == [1.0, 3.0, 5.0, 7.0]


def test_seconds__one_for_all() -> None:
    kernel, bot, courier = world(ok_at_once, copies=2, spacing=(1.5,))

    courier.send(webhook())
    run(kernel)

    assert [at for at, _ in bot.seen] == [1.5, 1.5]


@pytest.mark.parametrize("times", [(), (2.0, 1.0), (-1.0,), (float("inf"),), (float("nan"),)])
def test_seconds__have_to_rise(times: tuple[float, ...]) -> None:
    with pytest.raises(
        ScenarioError,
        match=r"^spacing in seconds has to rise from 0, with a number for each copy$",
    ):
        world(ok_at_once, spacing=times)

"""The products' rules, as the documents have them and as they can be changed."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from emulator.errors import ScenarioError
from emulator.meta.delivery.product import (
    GENERIC,
    INSTAGRAM,
    MESSENGER,
    OLDER_MESSENGER,
    PRODUCTS,
    WHATSAPP,
    Product,
    doubling,
)

MINUTE_S, HOUR_S, DAY_S = 60.0, 3_600.0, 86_400.0


def test_messenger__burst_then_5_minutes_then_10() -> None:
    times = list(MESSENGER.redelivery_s)

    assert times[:5] == [0.0, 2.0, 10.0, 30.0, 60.0]
    assert [at / MINUTE_S for at in times[5:]] == [5, 10, 15, 25, 35, 45, 55]
    assert (MESSENGER.alert_after_s, MESSENGER.give_up_after_s) == (15 * MINUTE_S, HOUR_S)
    assert MESSENGER.give_up == "disable"


def test_older_messenger__goes_on_for_8_hours() -> None:
    times = OLDER_MESSENGER.redelivery_s

    assert OLDER_MESSENGER.give_up_after_s == 8 * HOUR_S
    assert times[:12] == MESSENGER.redelivery_s
    assert {later - sooner for sooner, later in pairwise(times[8:])} == {10 * MINUTE_S}
    assert times[-1] == 475 * MINUTE_S


def test_generic__at_once_then_doubling_to_6_hours_within_36() -> None:
    times = GENERIC.redelivery_s
    gaps = [later - sooner for sooner, later in pairwise(times)]

    assert gaps == [60.0 * 2**power for power in range(9)] + [6 * HOUR_S] * 4
    assert times[0] == 0.0
    assert times[-1] < GENERIC.give_up_after_s == 36 * HOUR_S
    assert (GENERIC.give_up, GENERIC.alert_after_s) == ("drop", None)


def test_whatsapp__doubling_to_12_hours_within_7_days() -> None:
    times = WHATSAPP.redelivery_s
    gaps = [later - sooner for sooner, later in pairwise((0.0, *times))]

    assert gaps == [60.0 * 2**power for power in range(10)] + [12 * HOUR_S] * 12
    assert times[-1] < WHATSAPP.give_up_after_s == 7 * DAY_S
    assert (WHATSAPP.give_up, WHATSAPP.alert_after_s) == ("drop", None)


@pytest.mark.parametrize(
    ("product", "timeout_s"),
    [(MESSENGER, 20.0), (INSTAGRAM, 5.0), (WHATSAPP, 20.0), (GENERIC, 20.0)],
)
def test_timeout(product: Product, timeout_s: float) -> None:
    assert product.timeout_s == timeout_s
    assert product.strict().timeout_s == 5.0
    assert product.slow_ack_s == 5.0


@pytest.mark.parametrize("product", [MESSENGER, INSTAGRAM, GENERIC])
def test_takes__any_2xx(product: Product) -> None:
    statuses = (199, 200, 201, 204, 299, 300, 302, 400, 500)
    assert [status for status in statuses if product.takes(status)] == [200, 201, 204, 299]


def test_takes__exactly_200_for_whatsapp() -> None:
    statuses = (199, 200, 201, 202, 204, 299, 302, 500)
    assert [status for status in statuses if WHATSAPP.takes(status)] == [200]


def test_products__by_name() -> None:
    assert {name: product.name for name, product in PRODUCTS.items()} == {
        name: name for name in ("messenger", "instagram", "whatsapp", "generic")
    }


def test_doubling__stops_before_the_end() -> None:
    assert doubling(1.0, cap_s=4.0, until_s=15.0) == (1.0, 3.0, 7.0, 11.0)


def test_product__keeps_its_times() -> None:
    times = [1.0, 2.0]
    product = replace(MESSENGER, redelivery_s=times)
    times.append(3.0)

    assert product.redelivery_s == (1.0, 2.0)


@pytest.mark.parametrize("times", [(2.0, 1.0), (-1.0,), (3_601.0,), (float("nan"),)])
def test_product__needs_times_that_rise(times: tuple[float, ...]) -> None:
    with pytest.raises(ScenarioError, match=r"^redelivery_s has to rise from 0 to at most 3600 s$"):
        replace(MESSENGER, redelivery_s=times)


@pytest.mark.parametrize("what", ["timeout_s", "slow_ack_s", "give_up_after_s"])
def test_product__needs_seconds(what: str) -> None:
    values: dict[str, Any] = {what: 0.0}
    with pytest.raises(ScenarioError, match=rf"^{what} has to be a number of seconds, not 0$"):
        replace(MESSENGER, **values)


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("name", "name must be one of messenger, instagram, whatsapp, generic, not other"),
        ("acknowledgement", "acknowledgement must be one of 2xx, 200, not other"),
        ("give_up", "give_up must be one of disable, drop, not other"),
    ],
)
def test_product__needs_known_names(what: str, message: str) -> None:
    values: dict[str, Any] = {what: "other"}
    with pytest.raises(ScenarioError, match=f"^{message}$"):
        replace(MESSENGER, **values)

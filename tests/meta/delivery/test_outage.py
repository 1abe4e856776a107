"""A quarter of an hour, an hour, and what ends an outage."""

from emulator.meta.delivery.outage import Outage
from emulator.meta.delivery.product import MESSENGER, OLDER_MESSENGER, WHATSAPP


def test_fail__counts_from_the_first() -> None:
    outage = Outage()

    outage.fail(5.0)
    outage.fail(9.0)

    assert outage.since == 5.0


def test_alert__is_due_once_from_15_minutes_on() -> None:
    outage = Outage()
    outage.fail(5.0)

    assert [outage.is_alert_due(now, MESSENGER) for now in (904.9, 905.0, 906.0)] == [
        False,
        True,
        False,
    ]


def test_over__from_an_hour_on() -> None:
    outage = Outage()
    outage.fail(5.0)

    assert [outage.is_over(now, MESSENGER) for now in (3604.9, 3605.0)] == [False, True]


def test_end__starts_anew() -> None:
    outage = Outage()
    outage.fail(0.0)
    assert outage.is_alert_due(900.0, MESSENGER)

    outage.end()
    assert not outage.is_over(4000.0, MESSENGER)
    assert not outage.is_alert_due(4000.0, MESSENGER)

    outage.fail(4000.0)
    assert outage.is_alert_due(4900.0, MESSENGER)


def test_over__after_8_hours_by_the_older_rules() -> None:
    outage = Outage()
    outage.fail(0.0)

    assert [outage.is_over(now, OLDER_MESSENGER) for now in (28_799.9, 28_800.0)] == [False, True]


def test_alert__never_of_a_product_without() -> None:
    outage = Outage()
    outage.fail(0.0)

    assert not outage.is_alert_due(1e9, WHATSAPP)

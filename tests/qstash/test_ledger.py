"""Records by age, by number, and in pages."""

from emulator.qstash.ledger import Ledger, Place, format_place, parse_place


def fill(ledger: Ledger[str], *times_ms: int) -> None:
    for time_ms in times_ms:
        place = ledger.reserve(time_ms)
        ledger.add(place, format_place(place))


def anything(place: Place, record: str) -> bool:
    return True


def test_place__numbers_within_one_millisecond() -> None:
    ledger: Ledger[str] = Ledger(keep_s=60, keep_records=10)
    fill(ledger, 5, 5, 6)

    page = ledger.page(anything, now_ms=6, count=10, latest_first=False)

    assert page.records == ("5-0", "5-1", "6-0")
    assert page.more_after is None


def test_page__goes_on_where_the_last_ended() -> None:
    ledger: Ledger[str] = Ledger(keep_s=60, keep_records=10)
    fill(ledger, 1, 2, 3)

    first = ledger.page(anything, now_ms=3, count=2, latest_first=True)
    second = ledger.page(anything, now_ms=3, count=2, latest_first=True, after=first.more_after)

    assert (first.records, second.records) == (("3-0", "2-0"), ("1-0",))
    assert second.more_after is None


def test_page__that_is_just_full_is_the_last() -> None:
    ledger: Ledger[str] = Ledger(keep_s=60, keep_records=10)
    fill(ledger, 1, 2)

    assert ledger.page(anything, now_ms=2, count=2, latest_first=False).more_after is None


def test_records__go_with_age() -> None:
    ledger: Ledger[str] = Ledger(keep_s=1, keep_records=10)
    fill(ledger, 0, 500)

    assert ledger.get((0, 0), 1000) == "0-0"
    assert ledger.get((0, 0), 1001) is None
    assert ledger.get((500, 0), 1001) == "500-0"
    assert len(ledger) == 1


def test_records__go_with_number() -> None:
    ledger: Ledger[str] = Ledger(keep_s=60, keep_records=3)
    fill(ledger, *range(10))

    assert ledger.page(anything, now_ms=9, count=9, latest_first=False).records == (
        "7-0",
        "8-0",
        "9-0",
    )


def test_record__is_taken_out_once() -> None:
    ledger: Ledger[str] = Ledger(keep_s=1, keep_records=3)
    fill(ledger, 5, 6)

    assert ledger.remove((5, 0), 6) == "5-0"
    assert ledger.remove((5, 0), 6) is None
    assert ledger.remove((6, 0), 1_007) is None
    assert len(ledger) == 0


def test_place__text_and_back() -> None:
    assert parse_place(format_place((1_790_000_000_000, 3))) == (1_790_000_000_000, 3)
    for text in ("", "1", "1-", "-1", "a-b", "1-2-3", "٣-1", "1" * 40 + "-1"):
        assert parse_place(text) is None

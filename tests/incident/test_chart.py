import io

from harness.incident.chart import LiveChart, render_burn, render_chart
from harness.incident.model import Tally
from harness.report.style import Style

BURNT = Tally(
    messages=2,
    publishes=1_554,
    invocations=4_662,
    levels=(12, 72, 432, 2_592),
    virtual_s=40.038,
)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_chart__has_a_bar_for_each_generation() -> None:
    lines = render_chart(BURNT)
    assert [line.count("#") for line in lines] == [1, 2, 8, 44]
    assert [line.split()[-1] for line in lines] == ["12", "72", "432", "2,592"]
    assert {len(line) for line in lines} == {71}


def test_chart__of_nothing() -> None:
    assert render_chart(Tally()) == []
    assert [line.count("#") for line in render_chart(Tally(levels=(0, 0)), most=7)] == [0, 0]


def test_burn__is_told_in_plain_text() -> None:
    lines = render_burn(BURNT, Style(False), wall_s=1.234, jobs=2).splitlines()
    assert lines[-3:] == [
        "2 user messages: 3,108 deliveries by the queue, 1,554 publishes",
        "4,662 signed requests to the bot, 0 of them refused, in 40.0 virtual seconds",
        "replayed by 2 processes in 1.23s",
    ]


def test_live_chart__draws_over_itself_and_goes_away() -> None:
    stream = Terminal()
    chart = LiveChart(stream, BURNT.times(2))
    chart.draw(Tally())
    chart.draw(BURNT)
    text = stream.getvalue()
    assert text.count("\x1b[5A\x1b[J") == 1
    assert "3,108 of 6,216 deliveries by the queue, 2 of 4 user messages" in text
    # Half of what it will come to is half a bar.
    assert "#" * 22 + " " in text
    assert "#" * 23 not in text
    chart.erase()
    chart.erase()
    assert stream.getvalue().count("\x1b[5A\x1b[J") == 2


def test_live_chart__is_silent_in_a_pipe() -> None:
    stream = io.StringIO()
    chart = LiveChart(stream, BURNT)
    chart.draw(BURNT)
    chart.erase()
    assert stream.getvalue() == ""

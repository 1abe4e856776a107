"""The page on the queue lists every call, header and switch, each with a test that is there."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from emulator.qstash import Switches
from emulator.qstash.api import TABLE

HERE = Path(__file__).parent
PAGE = (HERE.parents[1] / "docs" / "qstash.md").read_text()

# They never reach the router.
RAW = {
    ("POST", "/v2/publish/{destination}"),
    ("POST", "/v2/enqueue/{queue}/{destination}"),
    ("POST", "/v2/schedules/{destination}"),
}
# QStash REST description and docs: what a request to publish, enqueue or schedule may carry.
REQUEST_HEADERS = {
    "Authorization",
    "Content-Type",
    *(
        f"Upstash-{name}"
        for name in (
            *("Method", "Forward-*", "Header-Forward", "Delay", "Not-Before", "Retries"),
            *("Retry-Delay", "Timeout", "Callback", "Callback-*", "Failure-Callback"),
            *("Failure-Callback-*", "Callback-Failure-Callback", "Deduplication-Id"),
            *("Content-Based-Deduplication", "Flow-Control-Key", "Flow-Control-Value", "Label"),
            *("Redact-Fields", "Cron", "Schedule-Id", "Queue-Name", "Telemetry-*"),
        )
    ),
}
DELIVERY_HEADERS = {
    "User-Agent",
    *(
        f"Upstash-{name}"
        for name in (
            *("Signature", "Message-Id", "Retried", "Caller-Ip", "Region", "Topic-Name"),
            "Schedule-Id",
        )
    ),
}


def rows(heading: str) -> list[list[str]]:
    section = PAGE.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")][2:]
    return [line.strip("| ").split(" | ") for line in lines]


def named(heading: str) -> set[str]:
    return {row[0].strip("`") for row in rows(heading)}


def test_calls__are_all_listed() -> None:
    listed: set[tuple[str, str]] = set()
    for call, *_ in rows("Calls"):
        methods, path = re.fullmatch(r"([A-Z or]+) `([^`]+)`.*", call).groups()  # type: ignore[union-attr]
        listed |= {(method, path) for method in methods.split(" or ")}
    offered = {(method, path.replace(":path", "")) for method, path, _ in TABLE}

    assert listed == offered | RAW


def test_headers__are_all_listed() -> None:
    assert named("Headers of a request") == REQUEST_HEADERS
    assert named("Headers of a delivery") == DELIVERY_HEADERS


def test_switches__are_all_listed_with_their_default() -> None:
    listed = {row[0].strip("`"): row[1].strip("`") for row in rows("What no document settles")}

    assert listed == {one.name: repr(getattr(Switches(), one.name)) for one in fields(Switches)}


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`(test_\w+\.py::test_\w+)`", PAGE))))
def test_tests__are_there(name: str) -> None:
    file, _, function = name.partition("::")

    assert f"\ndef {function}(" in (HERE / file).read_text()


@pytest.mark.parametrize(
    "heading",
    ["Calls", "Headers of a request", "Headers of a delivery", "What no document settles"],
)
def test_rows__have_a_test_each(heading: str) -> None:
    assert all(re.fullmatch(r"`test_\w+\.py::test_\w+`", row[-1]) for row in rows(heading))

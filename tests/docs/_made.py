"""Parts of pages that are made from what the harness says of itself."""

import ast
import re
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from emulator.control.api import OPERATIONS
from emulator.meta.platform import TITLES
from harness.checks import CATALOGUE
from harness.checks.explained import EXPLAINED, live_of, needs_of
from harness.template import VARIABLES
from tests.docs import _graph, _platform
from tests.harness.test_matrix import BROKEN, ON_VERCEL, SOMETIMES
from tests.harness.test_platform_matrix import BROKEN_THERE
from tests.harness.test_queue_matrix import BROKEN_THERE as BROKEN_WITH_TASKS
from tests.harness.test_sqs_matrix import BROKEN_THERE as BROKEN_WITH_SQS

BOTS = Path(__file__).parents[2] / "reference_bot" / "broken"

_WEIGHTS = {
    "hard": "",
    "note": "**Weight** printed as a note, fails nothing.",
    "hard or note": "**Weight** fails the certificate, or is a note where it can not be avoided.",
}

# What the bots that fail a check usually have in common.
_BREAKERS = {
    "ten-rapid": "A read of the dedup record followed by a write; a set in memory; a publish "
    "without a deduplication id.",
    "dedup-records": "A record written only on some paths; a record named by time or content "
    "instead of the message's id.",
    "queue-ledger": "Whatever breaks `ten-rapid`; a consumer that answers 5xx for good.",
    "one-reply": "A lost publish (work behind the response), a doubled one, or a consumer that "
    "drops a message it can not handle at the moment.",
    "quiet-day": "A job that publishes itself again; a follow-up that nothing ends.",
    "quiet-week": "A consumer that never succeeds, so that retries are still to come.",
    "no-loop": "A job that posts to the bot's own webhook.",
    "echo-safe": "No look at `is_echo`; a handler that takes whatever has a sender for a message.",
    "late-duplicate": "The queue's deduplication id as the only protection; records that expire "
    "within the hour.",
    "consumer-retry": "A consumer that sends first and looks for nothing.",
    "race-k2": "A read of the dedup record followed by a write, however close together.",
    "race-k3": "A lock that is written and then read back to see whose it is.",
    "fault-1": "A publish whose failure is swallowed; a claim that its own redelivery can not "
    "enter again; a 500 because a reply that was sent could not be noted.",
    "cold-instances": "A module-level set or cache that decides what is new.",
    "freeze-safe": "A background task, a thread or an unawaited publish behind the response.",
    "instance-killed": "A claim that lasts for ever, whose owner died before the publish.",
    "ack-deadline": "The answer computed in the webhook instead of the consumer.",
    "queue-hangs": "The SDK of the queue without a time limit of the bot's own; a publish without "
    "a deduplication id.",
    "queue-refuses": "A 200 after a publish that failed; a dedup record written before it that "
    "keeps the redelivery out.",
    "queue-429": "A loop that tries again at once.",
    "queue-401": "Errors of the queue logged and forgotten.",
    "store-down": "A bot that fails open; an atomic claim that can not be entered again; a "
    "consumer that answers 500 because it could not note its reply.",
    "store-quota": "Whatever breaks `store-down`.",
    "send-fails": "A consumer that answers 200 whatever became of the reply; one that takes every "
    "4xx of the platform for final.",
    "handshake": "The challenge returned whatever the token; JSON instead of plain text.",
    "webhook-signature": "No verification; one that hashes the body after parsing it.",
    "queue-signature": "No verification; one that knows the current key only.",
    "no-growth": "A follow-up for each message that waits; a user's history published again with "
    "each message.",
    "rate-limit": "Counting by calendar minutes; a 200 for what is dropped.",
    "breaker": "Counting by calendar hours, or in memory; a breaker that only a person closes.",
    "plan-budget": "Several publishes for each message; a consumer that needs several attempts.",
    "hostile-input": "`body['entry'][0]` without a look at types; a 500 for what can not be "
    "parsed.",
}


def checks() -> str:
    """A section for each check."""
    sections = []
    for number, check in enumerate(CATALOGUE.values(), start=1):
        text = EXPLAINED[check.id]
        lines = [
            f"**Does** {text.does}",
            f"**Expected** {text.expected}",
            f"**Why** {text.why}",
            f"**Usually broken by** {_BREAKERS[check.id]}",
            f"**Way out** {_linked(text.way_out)}" if text.way_out else "",
            f"**Needs** {needs_of(check)}." if needs_of(check) else "",
            _WEIGHTS[text.weight],
            f"**Runs** {check.scenario.title}: {', '.join(check.scenario.runs)}.",
            f"**Live** {live_of(check)}." if live_of(check) else "",
        ]
        heading = f"## {number}. {check.id}: {check.title}"
        sections.append("\n".join([heading, "", *(f"- {line}" for line in lines if line)]))
    return "\n\n".join(sections) + "\n"


def matrix() -> str:
    """What the tests hold the broken bots to."""
    everything = f"certified, {len(CATALOGUE)} of {len(CATALOGUE)} checks"
    rows = [
        "| bot | its bug | must fail, and nothing else | on `vercel` |",
        "| --- | --- | --- | --- |",
        "| [reference bot](../reference_bot/README.md) | none "
        f"| nothing: {everything} | the same |",
    ]
    for bot, failing in BROKEN.items():
        link = f"[{bot}](../reference_bot/broken/{bot}.py)"
        fails = _named(failing)
        if bot in SOMETIMES:
            fails += f"; at some seeds also {_named(SOMETIMES[bot])}"
        other = f"only {_named(ON_VERCEL[bot])}" if bot in ON_VERCEL else "the same"
        rows.append(f"| {link} | {_bug(bot)} | {fails} | {other} |")
    return "\n".join(rows) + "\n"


def matrix_there() -> str:
    """The bots whose bugs show on one platform."""
    rows = ["| bot | its bug | there | must fail, and nothing else |", "| --- | --- | --- | --- |"]
    for bot, (platform, failing) in BROKEN_THERE.items():
        link = f"[{bot}](../reference_bot/broken/{bot}.py)"
        rows.append(f"| {link} | {_bug(bot)} | {TITLES[platform]} | {_named(failing)} |")
    return "\n".join(rows) + "\n"


def matrix_tasks() -> str:
    """The bots whose bugs show in another way with Cloud Tasks."""
    rows = ["| bot | its bug | where | must fail |", "| --- | --- | --- | --- |"]
    for bot, (platform, failing, _) in BROKEN_WITH_TASKS.items():
        link = f"[{bot}](../reference_bot/broken/{bot}.py)"
        rows.append(f"| {link} | {_bug(bot)} | {TITLES[platform]} | {_named(failing)} |")
    return "\n".join(rows) + "\n"


def matrix_sqs() -> str:
    """The bots whose bugs show in another way with SQS."""
    rows = ["| bot | its bug | must fail |", "| --- | --- | --- |"]
    for bot, (failing, _) in BROKEN_WITH_SQS.items():
        link = f"[{bot}](../reference_bot/broken/{bot}.py)"
        rows.append(f"| {link} | {_bug(bot)} | {_named(failing)} |")
    return "\n".join(rows) + "\n"


def grid() -> str:
    """The same by check: which bots prove that it can fail."""
    rows = ["| check | must fail for |", "| --- | --- |"]
    for check in CATALOGUE:
        bots = [bot for bot, failing in BROKEN.items() if check in failing]
        rows.append(f"| `{check}` | {', '.join(bots) or 'no bot of this table'} |")
    return "\n".join(rows) + "\n"


def variables() -> str:
    """What templates may name."""
    rows = ["| variable | what it is |", "| --- | --- |"]
    rows += [f"| `{{{name}}}` | {what} |" for name, what in VARIABLES.items()]
    return "\n".join(rows) + "\n"


def _named(checks: Collection[str]) -> str:
    return ", ".join(f"`{check}`" for check in CATALOGUE if check in checks)


def _linked(text: str) -> str:
    """The text with a link in the place of each page that it names."""
    return re.sub(r"docs/(([\w-]+)\.md)", r"[\2](\1)", text)


def _bug(bot: str) -> str:
    text = ast.get_docstring(ast.parse((BOTS / f"{bot}.py").read_text())) or ""
    return " ".join(text.split("\n\n")[0].split())


def operations() -> str:
    """What the control API can be asked."""
    rows = ["| request | what it does |", "| --- | --- |"]
    rows += [f"| `{one.method} {one.path}` | {one.summary} |" for one in OPERATIONS]
    return "\n".join(rows) + "\n"


MADE: Mapping[str, Callable[[], str]] = {
    "checks": checks,
    "matrix": matrix,
    "matrix_there": matrix_there,
    "matrix_tasks": matrix_tasks,
    "matrix_sqs": matrix_sqs,
    "grid": grid,
    "variables": variables,
    "operations": operations,
    "platform_items": _platform.items,
    "graph_calls": _graph.calls,
    "graph_errors": _graph.errors,
    "graph_limits": _graph.limits,
}

"""Parts of pages that are made from what the harness says of itself."""

import ast
from collections.abc import Callable, Mapping
from pathlib import Path

from harness.checks import CATALOGUE
from harness.checks.explained import EXPLAINED, needs_of
from harness.template import VARIABLES
from tests.harness.test_matrix import BROKEN, HARMLESS

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
    "cold-instances": "A module-level set or cache that decides what is new.",
    "freeze-safe": "A background task, a thread or an unawaited publish behind the response.",
    "ack-deadline": "The answer computed in the webhook instead of the consumer.",
    "handshake": "The challenge returned whatever the token; JSON instead of plain text.",
    "webhook-signature": "No verification; one that hashes the body after parsing it.",
    "queue-signature": "No verification; one that knows the current key only.",
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
            f"**Needs** {needs_of(check)}." if needs_of(check) else "",
            _WEIGHTS[text.weight],
            f"**Runs** {check.scenario.title}: {', '.join(check.scenario.runs)}.",
        ]
        heading = f"## {number}. {check.id}: {check.title}"
        sections.append("\n".join([heading, "", *(f"- {line}" for line in lines if line)]))
    return "\n\n".join(sections) + "\n"


def matrix() -> str:
    """What the tests hold the broken bots to."""
    everything = f"certified, {len(CATALOGUE)} of {len(CATALOGUE)} checks"
    rows = [
        "| bot | its bug | must fail, and nothing else | harmless on |",
        "| --- | --- | --- | --- |",
        f"| [reference bot](../reference_bot/README.md) | none | nothing: {everything} | |",
    ]
    for bot, failing in BROKEN.items():
        named = ", ".join(f"`{check}`" for check in CATALOGUE if check in failing)
        host = f"`{HARMLESS[bot]}`" if bot in HARMLESS else ""
        link = f"[{bot}](../reference_bot/broken/{bot}.py)"
        rows.append(f"| {link} | {_bug(bot)} | {named} | {host} |")
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


def _bug(bot: str) -> str:
    text = ast.get_docstring(ast.parse((BOTS / f"{bot}.py").read_text())) or ""
    return " ".join(text.split("\n\n")[0].split())


MADE: Mapping[str, Callable[[], str]] = {
    "checks": checks,
    "matrix": matrix,
    "grid": grid,
    "variables": variables,
}

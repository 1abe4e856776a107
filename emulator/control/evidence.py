"""Operations that read what happened: counts, the journal, and a verdict over the messages."""

from itertools import islice
from typing import TYPE_CHECKING, get_args

from emulator.control.expecting import Contract, judge
from emulator.control.operation import (
    Answer,
    Asked,
    Operation,
    Refused,
    array_of,
    flag,
    object_of,
    ref,
    text,
    whole,
)
from emulator.control.shapes import entry_of, totals_of
from emulator.errors import ScenarioError
from emulator.journal import EntryKind

if TYPE_CHECKING:
    from emulator.serving import Serving

MOST_LINES = 10_000
MOST_ROOTS = 10_000


async def _counts(serving: "Serving", asked: Asked) -> Answer:
    return Answer(totals_of(serving.served))


async def _journal(serving: "Serving", asked: Asked) -> Answer:
    journal = serving.served.kernel.journal
    after, limit = asked.query["after"], asked.query["limit"]
    root = asked.query.get("root")
    kinds = asked.query.get("kind", ())
    newer = (journal.entry(seq) for seq in range(after + 1, len(journal)))
    # Far behind, what is kept is less than what there was.
    entries = newer if len(journal) - after <= journal.keep else journal.entries()
    fitting = (
        entry
        for entry in entries
        if entry is not None
        and entry.seq > after
        and (not kinds or entry.kind in kinds)
        and (root is None or root in entry.roots)
    )
    page = list(islice(fitting, limit))
    # Where nothing more fits, the next page begins behind everything that there is.
    cursor = page[-1].seq if len(page) == limit else len(journal) - 1
    return Answer(
        lines=[entry_of(entry) for entry in page],
        headers={"Thrice-Cursor": str(cursor), "Thrice-Dropped": str(journal.dropped)},
    )


async def _expect(serving: "Serving", asked: Asked) -> Answer:
    body = asked.body
    contract = Contract(
        body.get("publishes", serving.contract.publishes),
        body.get("replies", serving.contract.replies),
    )
    try:
        result = judge(serving.served, contract, roots=body["messages"], findings=body["findings"])
    except ScenarioError as error:
        raise Refused(404, str(error)) from error
    return Answer(result)


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/counts",
        id="getCounts",
        summary="What happened since the reset, in numbers.",
        description="`/v1/messages` has the same for each message.",
        answer=ref("Totals"),
        handler=_counts,
    ),
    Operation(
        method="POST",
        path="/v1/expect",
        id="expect",
        summary="Hold every message to what it is to cause: exactly once, unless said otherwise.",
        description=(
            "The status is 200 whatever the verdict; `error` is there when it did not pass, and "
            "names the first message that is out of contract. Wait for quiet before."
        ),
        body=object_of(
            {
                "publishes": {
                    "type": ["integer", "null"],
                    "minimum": 0,
                    "description": "Publishes for each message, as in the profile by default; null "
                    "is not counted.",
                },
                "replies": {
                    "type": ["integer", "null"],
                    "minimum": 0,
                    "description": "Replies for each message, as in the profile by default; null "
                    "is not counted.",
                },
                "messages": array_of(
                    {"type": "string"},
                    "Only these messages, by root; all of them when empty.",
                    maxItems=MOST_ROOTS,
                    default=[],
                ),
                "findings": flag(
                    "Whether what is wrong whatever is expected counts: a loop, a runaway, an "
                    "unknown host. It does not where messages are named.",
                    default=True,
                ),
            },
            required=(),
        ),
        answer=object_of(
            {
                "passed": flag("Whether every message is within the contract."),
                "error": text("The first thing that is wrong; only when it did not pass."),
                "expected": text("In numbers."),
                "observed": text("In numbers."),
                "quiet": flag("Whether nothing is left to come that may change the verdict."),
                "wrong_count": whole("Messages that are out of contract."),
                "wrong": array_of(
                    object_of(
                        {
                            "root": text("The name of the message."),
                            "mid": text("Its message id."),
                            "text": text("What was written."),
                            "publishes": whole("Publishes that were made for it."),
                            "replies": whole("Replies to it."),
                            "dead": whole("Its queue messages that are dead letters."),
                            "why": text("What is wrong, with the moments."),
                        }
                    ),
                    "The first 20 of them.",
                ),
                "other": array_of(
                    {"type": "string"}, "What else is wrong: work for no message, and findings."
                ),
            },
            required=("passed", "expected", "observed", "quiet", "wrong_count", "wrong", "other"),
        ),
        handler=_expect,
        refusals={404: "There is no message of a name that was given."},
    ),
    Operation(
        method="GET",
        path="/v1/journal",
        id="readJournal",
        summary="Everything that crossed the boundary between bot and world, as JSON lines.",
        description=(
            "Oldest first. The 50,000 latest entries are kept; of those before, what went well is "
            "let go of first."
        ),
        query={
            "after": whole("Only entries with a larger `seq`: the cursor.", minimum=-1, default=-1),
            "limit": whole("How many at most.", minimum=1, maximum=MOST_LINES, default=1_000),
            "kind": array_of(
                {"type": "string", "enum": list(get_args(EntryKind))},
                "Only entries of this kind; may be given again.",
            ),
            "root": text("Only what was for this message."),
        },
        answer=ref("Entry"),
        lines=True,
        headers={
            "Thrice-Cursor": "The `after` that continues behind these entries.",
            "Thrice-Dropped": "How many entries are no longer kept.",
        },
        handler=_journal,
    ),
)

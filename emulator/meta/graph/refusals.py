"""The errors that the Graph API is known to answer, as a table (`refusals.csv`): for what the fakes
refuse by themselves, and for what a test has them refuse.
"""

import csv
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from emulator.errors import ScenarioError
from emulator.meta.graph.addressing import Refusal


class Row(NamedTuple):
    """One error. `transient` says that the same call may succeed later. `source` is what its form
    rests on; where sources disagree about the HTTP status it is the one that was seen.
    """

    code: int
    subcode: int | None
    status: int
    transient: bool
    kind: str
    message: str
    source: str


def _read_table() -> tuple[Row, ...]:
    with Path(__file__).with_suffix(".csv").open(encoding="utf-8", newline="") as file:
        return tuple(
            Row(
                int(row["code"]),
                int(row["subcode"]) if row["subcode"] else None,
                int(row["status"]),
                row["transient"] == "yes",
                row["type"],
                row["message"],
                row["source"],
            )
            for row in csv.DictReader(file)
        )


TABLE = _read_table()

# What WhatsApp adds to its own errors, beside the message.
_DETAILS: Mapping[int, str] = {
    130429: "Cloud API message throughput has been reached.",
    131000: "Message failed to send due to an unknown error.",
    131008: "The request is missing a required parameter.",
    131009: "One or more parameter values are invalid.",
    131026: "Unable to deliver message.",
    131047: "More than 24 hours have passed since the recipient last replied to the sender number.",
    131049: "In order to maintain a healthy ecosystem engagement, the message failed to be "
    "delivered.",
    131056: "Too many messages sent from the sender phone number to the same recipient phone "
    "number in a short period of time.",
    132000: "The number of variable parameter values included in the request did not match the "
    "number of variable parameters defined in the template.",
    132001: "The template does not exist in the specified language or the template has not been "
    "approved.",
}

# What an app can show to people. Of the errors of messages only this one was seen with it, without
# a title and without a word; that others come with such texts is for a test to say.
_FOR_PEOPLE: Mapping[tuple[int, int | None], str] = {(368, 1346003): ""}

_BY_CODES: Mapping[tuple[int, int | None], Refusal] = {
    (row.code, row.subcode): Refusal(
        row.code,
        row.message,
        row.subcode,
        row.kind,
        row.status,
        row.transient or None,
        _DETAILS.get(row.code),
        user_message=_FOR_PEOPLE.get((row.code, row.subcode)),
    )
    for row in TABLE
}
_FIRST: Mapping[int, Refusal] = {
    code: refusal for (code, _), refusal in reversed(list(_BY_CODES.items()))
}


def refusal(
    code: int,
    subcode: int | None = None,
    *,
    details: str | None = None,
    user_title: str | None = None,
    user_message: str | None = None,
) -> Refusal:
    """The error with this code, as the platform spells it; `details` are WhatsApp's own, the others
    what an app can show to people.

    Without a subcode it is the first of the table with this code. Raises ScenarioError when the
    platform is not known to answer so.
    """
    found = _FIRST.get(code) if subcode is None else _BY_CODES.get((code, subcode))
    if found is None:
        named = str(code) if subcode is None else f"{code} with the subcode {subcode}"
        raise ScenarioError(f"the Graph API has no error {named} that is known")
    if details is None and user_title is None and user_message is None:
        return found
    return replace(
        found,
        details=found.details if details is None else details,
        user_title=found.user_title if user_title is None else user_title,
        user_message=found.user_message if user_message is None else user_message,
    )

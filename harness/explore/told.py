"""What a call did and what the bot was told, in a few words for people."""

import json
from collections.abc import Mapping
from typing import Any

from emulator.exchange import Failure, Outcome, Reply
from emulator.recorded import RecordedCall
from harness.explore.faults import FAIL_AFTER, FAIL_BEFORE, KILLED, WITHHELD

# What a fault means, for people: what the service did, and what the bot got.
FAULTS: Mapping[str, str] = {
    FAIL_BEFORE: "refused, not done",
    FAIL_AFTER: "done, answer lost",
    WITHHELD: "done, no answer",
    KILLED: "done, then it dies",
}

# Characters of a resource's name that are shown: enough to tell two apart.
NAME_LENGTH = 14


def what_it_does(call: RecordedCall, collection: str = "") -> str:
    """`writes m_Ab3...`, `publish`, `send`: the verb, and what it touches; of several documents
    the one in `collection`, which is not named then.
    """
    access = call.access
    if call.service != "firestore":
        return access.verb
    document = _document(call, collection)
    if not document:
        return access.verb
    return f"{'writes' if access.writes else 'reads'} {_short(_name(document, collection))}"


def what_came(call: RecordedCall, outcome: Outcome | None, fault: str, collection: str = "") -> str:
    """What the bot was told, of the document that is named; or what a fault made of the call."""
    if fault:
        return FAULTS.get(fault, fault)
    if outcome is None:
        return "no answer"
    return outcome.kind if isinstance(outcome, Failure) else _reply(call, outcome, collection)


def _reply(call: RecordedCall, reply: Reply, collection: str) -> str:
    content = _content(reply)
    if call.service == "firestore":
        if isinstance(content, list) and content and isinstance(content[0], dict):
            document = "/" + _document(call, collection).rpartition("/")[2]
            if any(str(item.get("missing", "")).endswith(document) for item in content):
                return "not there"
            if any("found" in item for item in content):
                return "found"
        if not call.access.writes and reply.status == 404:
            return "not there"
        if not call.access.writes and isinstance(content, dict) and "updateTime" in content:
            return "found"
        if isinstance(content, dict) and "error" in content:
            return f"{reply.status} {content['error'].get('status', '')}".rstrip()
        if call.access.writes and reply.ok:
            return "written"
    if call.service == "qstash" and isinstance(content, dict) and reply.ok:
        if content.get("deduplicated"):
            return "a duplicate, swallowed"
        if "messageId" in content:
            return "accepted"
    if call.access.verb == "send" and reply.ok:
        return "sent"
    return str(reply.status)


def _document(call: RecordedCall, collection: str) -> str:
    """The document that says most about a call, as `collection/name`; empty if it touches none."""
    access = call.access
    names = [name for name in sorted(access.writes or access.reads) if not name.endswith("/*")]
    telling = [name for name in names if f":{collection}/" in name] or names[:1]
    return telling[0].partition(":")[2] if telling else ""


def _name(document: str, collection: str) -> str:
    """A record by its name alone, every other document with its collection."""
    return document.removeprefix(collection + "/") if collection else document


def _content(reply: Reply) -> Any:
    try:
        return json.loads(reply.body)
    except ValueError:
        return None


def _short(name: str) -> str:
    return name if len(name) <= NAME_LENGTH else name[: NAME_LENGTH - 3] + "..."

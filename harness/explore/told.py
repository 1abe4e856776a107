"""What a call did and what the bot was told, in a few words for people."""

import json
from typing import Any

from emulator.call import Call
from emulator.exchange import Failure, Outcome, Reply

# Characters of a resource's name that are shown: enough to tell two apart.
NAME_LENGTH = 14


def what_it_does(call: Call, collection: str = "") -> str:
    """`writes m_Ab3...`, `publish`, `send`: the verb, and what it touches; of several documents
    the one in `collection`.
    """
    access = call.access
    if call.service != "firestore":
        return access.verb
    document = _document(call, collection)
    return (
        f"{'writes' if access.writes else 'reads'} {_short(document)}" if document else access.verb
    )


def what_came(call: Call, outcome: Outcome | None, fault: str, collection: str = "") -> str:
    """What the bot was told, of the document that is named; a fault comes first."""
    if outcome is None:
        return fault or "no answer"
    told = outcome.kind if isinstance(outcome, Failure) else _reply(call, outcome, collection)
    return f"{fault}: {told}" if fault else told


def _reply(call: Call, reply: Reply, collection: str) -> str:
    content = _content(reply)
    if call.service == "firestore":
        if isinstance(content, list) and content and isinstance(content[0], dict):
            document = "/" + _document(call, collection)
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


def _document(call: Call, collection: str) -> str:
    """The last part of the name of the document that says most about a call; empty if it touches
    none.
    """
    access = call.access
    names = [name for name in sorted(access.writes or access.reads) if not name.endswith("/*")]
    telling = [name for name in names if f":{collection}/" in name] or names[:1]
    return telling[0].rpartition("/")[2] if telling else ""


def _content(reply: Reply) -> Any:
    try:
        return json.loads(reply.body)
    except ValueError:
        return None


def _short(name: str) -> str:
    return name if len(name) <= NAME_LENGTH else name[: NAME_LENGTH - 3] + "..."

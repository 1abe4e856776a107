"""What a call did and what the bot was told, in a few words for people."""

import json
from collections.abc import Mapping
from typing import Any

from emulator.exchange import Failure, Outcome, Reply
from emulator.recorded import RecordedCall
from harness.explore.faults import FAIL_AFTER, FAIL_BEFORE, KILLED, WITHHELD
from harness.stores import is_store

# What a fault means, for people: what the service did, and what the bot got.
FAULTS: Mapping[str, str] = {
    FAIL_BEFORE: "refused, not done",
    FAIL_AFTER: "done, answer lost",
    WITHHELD: "done, no answer",
    KILLED: "done, then it dies",
}

# How Redis says that there is nothing.
_NOTHING = frozenset((b"$-1\r\n", b"_\r\n", b"*-1\r\n", b"*0\r\n", b"%0\r\n", b":0\r\n"))

# Characters of a resource's name that are shown: enough to tell two apart.
NAME_LENGTH = 14


def what_it_does(call: RecordedCall, collection: str = "") -> str:
    """`writes m_Ab3...`, `publish`, `send`: the verb, and what it touches; of several documents
    the one in `collection`, which is not named then.
    """
    access = call.access
    if not is_store(call.service):
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
    if is_store(call.service) and call.service != "firestore":
        return _of_command(call, reply, content, _document(call, collection))
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
    if call.service == "sqs" and call.access.verb == "publish" and reply.ok:
        return "accepted"
    if call.service == "cloudtasks" and call.access.verb == "publish":
        if reply.ok:
            return "accepted"
        if reply.status == 409:
            return "refused, the name is taken"
    if call.access.verb == "send" and reply.ok:
        return "sent"
    return str(reply.status)


def _of_command(call: RecordedCall, reply: Reply, content: Any, key: str) -> str:
    """What came of a command for a store of keys; of several at once, of the first that names the
    key.
    """
    if call.service == "redis":
        if reply.body.startswith(b"-"):
            said = reply.body[1:].partition(b"\r\n")[0]
            return said.decode("utf-8", "replace").partition(".")[0]
        return _of_value(call, nothing=reply.body in _NOTHING)
    if isinstance(content, list) and content:
        sent = json.loads(call.request.body)
        naming = (place for place, words in enumerate(sent) if key in words)
        content = content[next(naming, -1)]
    if not isinstance(content, dict):
        return str(reply.status)
    if "error" in content:
        return str(content["error"]).partition(".")[0]
    return _of_value(call, nothing=content.get("result") in (None, [], 0))


def _of_value(call: RecordedCall, *, nothing: bool) -> str:
    if not call.access.writes:
        return "not there" if nothing else "found"
    return "there already" if nothing and call.access.verb == "set nx" else "written"


def _document(call: RecordedCall, collection: str) -> str:
    """The document or key that says most about a call, as `collection/name`; empty if it touches
    none.
    """
    access = call.access
    # What begins with a slash is no key of the bot's.
    names = [
        name.partition(":")[2]
        for name in sorted(access.writes or access.reads)
        if not name.endswith("/*") and ":/" not in name[: name.find(":") + 2]
    ]
    begins = f"{collection}/" if call.service == "firestore" else collection
    telling = [name for name in names if name.startswith(begins)] or names[:1]
    return telling[0] if telling else ""


def _name(document: str, collection: str) -> str:
    """A record by its name alone, every other document with its collection."""
    if not collection or not document.startswith(collection):
        return document
    return document.removeprefix(collection).lstrip("/:") or document


def _content(reply: Reply) -> Any:
    try:
        return json.loads(reply.body)
    except ValueError:
        return None


def _short(name: str) -> str:
    return name if len(name) <= NAME_LENGTH else name[: NAME_LENGTH - 3] + "..."

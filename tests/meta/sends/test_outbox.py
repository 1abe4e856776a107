"""Which user messages a reply is for."""

from collections.abc import Sequence

import pytest

from emulator.call import Access, Call
from emulator.delivery import Delivery, Invocation
from emulator.exchange import Request
from emulator.kernel import Kernel
from emulator.meta.contacts import Contacts
from emulator.meta.sends.outbox import KEEP_SENT, Outbox
from emulator.meta.sends.requests import Gesture, Say

REQUEST = Request("POST", "https://graph.facebook.com/me/messages")


def world(authors: Sequence[str]) -> tuple[Kernel, Contacts, Outbox]:
    """A world in which `authors[n]` wrote message `u<n>`, whose mid is `mid<n>`."""
    kernel = Kernel()
    contacts = Contacts(kernel.chance, page_id="1")
    for number, nickname in enumerate(authors):
        contacts.wrote(f"u{number}", contacts.psid(nickname), at=0.0)
        kernel.mids[f"u{number}"] = f"mid{number}"
    return kernel, contacts, Outbox(kernel, contacts)


def call_of(kernel: Kernel, *roots: str, generation: int = 0) -> Call:
    delivery = Delivery(
        name=f"{roots[0] if roots else 'cron'}.w0",
        kind="user",
        due=0.0,
        build=lambda: REQUEST,
        on_outcome=lambda _outcome: None,
        timeout_s=20.0,
        roots=roots,
        generation=generation,
    )
    invocation = Invocation(delivery, REQUEST, "i1", entry=-1, started=0.0)
    entry = kernel.note("call", "call")
    return Call(
        name=f"{delivery.name}#0",
        invocation=invocation,
        request=REQUEST,
        service="graph",
        access=Access("send"),
        arrived=0.0,
        timeout_s=None,
        deliver_outcome=lambda _outcome: None,
        entry=entry,
    )


@pytest.mark.parametrize(
    ("authors", "invocation", "to", "text", "roots", "right_user"),
    [
        (["ada"], ["u0"], "ada", "hi", ("u0",), True),
        (["ada", "bob"], ["u0", "u1"], "bob", "hi", ("u1",), True),
        (["ada", "ada", "bob"], ["u0", "u1", "u2"], "ada", "hi", ("u0", "u1"), True),
        (["ada", "ada", "bob"], ["u0", "u1", "u2"], "ada", "to mid1", ("u1",), True),
        (["ada", "bob"], ["u0", "u1"], "ada", "to mid1", ("u0",), True),
        (["ada", "bob"], ["u0"], "bob", "hi", ("u0",), False),
        (["ada", "ada", "bob"], ["u0", "u1"], "bob", "mid0", ("u0", "u1"), False),
        (["ada"], [], "ada", "hi", (), False),
    ],
)
def test_accept__roots(
    authors: list[str],
    invocation: list[str],
    to: str,
    text: str,
    roots: tuple[str, ...],
    right_user: bool,
) -> None:
    kernel, contacts, outbox = world(authors)

    sent = outbox.accept(Say(contacts.psid(to), text), call_of(kernel, *invocation))

    assert (sent.roots, sent.right_user) == (roots, right_user)


def test_accept__notes_a_reply() -> None:
    kernel, contacts, outbox = world(["ada"])
    call = call_of(kernel, "u0", generation=2)

    sent = outbox.accept(Say(contacts.psid("ada"), "hi"), call)

    [entry] = kernel.journal.entries("reply")
    assert (entry.name, entry.cause, entry.roots) == ("u0.w0.r0", call.entry, ("u0",))
    assert (entry.generation, entry.instance) == (2, "i1")
    assert entry.detail == {
        "to": contacts.psid("ada"),
        "text": "hi",
        "message_id": sent.message_id,
        "right_user": True,
    }
    assert kernel.journal.tally("u0").replies == 1


def test_accept__another_reply_of_the_same_invocation_has_another_name_and_id() -> None:
    kernel, contacts, outbox = world(["ada"])
    call = call_of(kernel, "u0")

    first, second = (outbox.accept(Say(contacts.psid("ada"), "hi"), call) for _ in range(2))

    assert (first.name, second.name) == ("u0.w0.r0", "u0.w0.r1")
    assert first.message_id != second.message_id
    assert list(outbox.sent) == [first, second]


def test_accept__without_a_call_answers_nobody() -> None:
    kernel, contacts, outbox = world(["ada"])

    sent = outbox.accept(Say(contacts.psid("ada"), "hi"), None)

    assert (sent.name, sent.roots, sent.right_user) == ("direct.r0", (), False)
    assert kernel.journal.tally("u0").replies == 0


def test_accept__tells_where_it_stands_in_the_causal_tree() -> None:
    kernel, contacts, outbox = world(["ada"])

    sent = outbox.accept(Say(contacts.psid("ada"), "hi", "m"), call_of(kernel, "u0", generation=2))

    [entry] = kernel.journal.entries("reply")
    assert (sent.entry, sent.generation, sent.routes) == (entry.seq, 2, ("/me/messages",))
    assert sent.metadata == "m"


def test_act__is_kept_and_is_no_reply() -> None:
    kernel, contacts, outbox = world(["ada"])
    call = call_of(kernel, "u0")

    outbox.act(Gesture(contacts.psid("ada"), "typing_on"), call)
    outbox.act(Gesture(contacts.psid("ada"), "mark_seen"), None)

    assert [(kept.name, kept.action, kept.roots) for kept in outbox.actions] == [
        ("u0.w0.a0", "typing_on", ("u0",)),
        ("direct.a1", "mark_seen", ()),
    ]
    assert kernel.journal.tally("u0").replies == 0
    assert outbox.count == 0


def test_actions__are_bounded_and_the_count_is_not() -> None:
    _, contacts, outbox = world(["ada"])

    for _ in range(KEEP_SENT + 1):
        outbox.act(Gesture(contacts.psid("ada"), "typing_on"), None)

    assert outbox.action_count == KEEP_SENT + 1
    assert len(outbox.actions) == KEEP_SENT


def test_sent__is_bounded_and_the_count_is_not() -> None:
    kernel, contacts, outbox = world(["ada"])
    call = call_of(kernel, "u0")

    for _ in range(KEEP_SENT + 1):
        outbox.accept(Say(contacts.psid("ada"), "hi"), call)

    assert outbox.count == KEEP_SENT + 1
    assert len(outbox.sent) == KEEP_SENT
    assert outbox.sent[0].name == "u0.w0.r1"

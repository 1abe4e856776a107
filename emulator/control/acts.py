"""Operations on people who do more than write: taps, files, reactions, edits, whatever else the
platform tells of, and whole conversations.
"""

from collections.abc import Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, cast, get_args

from emulator.control.item_shapes import MOST_CHARACTERS, details_of, item_of
from emulator.control.operation import (
    Answer,
    Asked,
    Json,
    Operation,
    Refused,
    array_of,
    flag,
    object_of,
    ref,
    text,
    whole,
)
from emulator.control.people import COPIES, ROOT, find_message
from emulator.control.schema import Schema, Wrong, nearest, read
from emulator.control.shapes import message_of
from emulator.meta import Account, Reaction, ReactionAction, Sent, UserMessage
from emulator.meta.people.conversation_file import read_conversations
from emulator.meta.people.scripted import LOOK_BACK

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulator.served import Served
    from emulator.serving import Serving

MOST_USERS = 1_000  # tables in one request
MOST_PEOPLE = 10_000  # whom they stand for
MOST_NAME = 100

SENDER = text(
    "Who does it; the same name is the same person.",
    minLength=1,
    maxLength=MOST_NAME,
    default="ada",
)
_STANDBY = flag("Whether another app has the conversation: the bot only listens.", default=False)


def _do(serving: "Serving", asked: Asked, act: "Callable[[Account], UserMessage]") -> Answer:
    body, served = asked.body, serving.served
    done = served.act(act, copies=body.get("copies"), spacing=body.get("spacing"))
    return Answer(message_of(done, served.kernel.journal), status=201)


def _given(body: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: body[name] for name in names if name in body}


async def _tap(serving: "Serving", asked: Asked) -> Answer:
    body = asked.body
    title = body["title"]
    payload = body.get("payload", title.upper().replace(" ", "_"))
    more = _given(body, "ref", "sender", "standby")
    return _do(serving, asked, lambda account: account.postback(title, payload, **more))


async def _attach(serving: "Serving", asked: Asked) -> Answer:
    body = asked.body
    more = _given(body, "url", "payload", "sender")
    return _do(serving, asked, lambda account: account.attachment(body["kind"], **more))


async def _react(serving: "Serving", asked: Asked) -> Answer:
    body = asked.body
    target = _target(serving.served, body["message"])
    more = _given(body, "emoji", "sender")
    return _do(
        serving,
        asked,
        lambda account: account.react(
            target,
            cast(Reaction, body["reaction"]),
            action=cast(ReactionAction, body["action"]),
            **more,
        ),
    )


def _target(served: "Served", name: str) -> UserMessage | Sent:
    """A message by its name or id, or a reply by its name or the id that it was given."""
    found = served.attribution.message(name)
    if found is not None:
        return found
    for sent in islice(reversed(served.meta.sent), LOOK_BACK):
        if name in (sent.name, sent.message_id):
            return sent
    for message in served.attribution.latest:
        if name == message.mid:
            return message
    raise Refused(
        404,
        f"message: there is no {name[:200]}; it takes the name of a message, such as u0, or the id "
        "of a message or of a reply",
    )


async def _edit(serving: "Serving", asked: Asked) -> Answer:
    message = find_message(serving.served, asked.path["root"])
    return _do(serving, asked, lambda account: account.edit(message, asked.body["text"]))


async def _unsend(serving: "Serving", asked: Asked) -> Answer:
    message = find_message(serving.served, asked.path["root"])
    return _do(serving, asked, lambda account: account.unsend(message))


async def _read(serving: "Serving", asked: Asked) -> Answer:
    sender = asked.body["sender"]
    serving.served.look(sender)
    return Answer({"sender": sender})


async def _happen(serving: "Serving", asked: Asked) -> Answer:
    body = asked.body
    details = _details(serving.served.meta, body["kind"], body["details"], "")
    more = _given(body, "sender", "standby")
    return _do(serving, asked, lambda account: account.happen(body["kind"], details, **more))


def _details(account: Account, kind: str, given: object, where: str) -> Json:
    """What is said of an item, with what it needs besides; `where` ends with a dot or is empty."""
    items = account.dialect.items
    if kind not in items:
        near = nearest(kind, list(items))
        raise Refused(422, f"{where}kind: there is no {kind[:100]!r} here{near}; see GET /v1/items")
    try:
        checked = read(given, details_of(items[kind].build), f"{where}details")
    except Wrong as wrong:
        raise Refused(422, str(wrong)) from None
    return {**items[kind].sample, **checked}


async def _items(serving: "Serving", asked: Asked) -> Answer:
    return Answer({"items": [item_of(one) for one in serving.served.meta.dialect.items.values()]})


async def _converse(serving: "Serving", asked: Asked) -> Answer:
    users, served = asked.body["users"], serving.served
    for number, user in enumerate(users):
        _check_user(served.meta, user, f"users[{number}]")
    people = sum(user.get("count", 1) for user in users)
    if people > MOST_PEOPLE:
        raise Refused(422, f"users: that are {people:,} people, and may be {MOST_PEOPLE:,}")
    conversations = read_conversations({"users": users})
    served.play(conversations)
    names = [conversation.name for conversation in conversations]
    acts = sum(len(conversation.acts) for conversation in conversations)
    return Answer({"users": names, "acts": acts}, status=201)


def _check_user(account: Account, user: Mapping[str, object], where: str) -> None:
    """What the reader of files lets pass, as a file is as long as somebody writes it."""
    count = user.get("count", 1)
    if isinstance(count, bool) or not isinstance(count, int):
        raise Refused(422, f"{where}.count has to be a whole number")
    name = user.get("name")
    if isinstance(name, str) and len(name) > MOST_NAME:
        raise Refused(422, f"{where}.name may have {MOST_NAME} characters, not {len(name):,}")
    script = user.get("script")
    for place, act in enumerate(script if isinstance(script, list) else []):
        here = f"{where}.script[{place}]"
        long = [one for one in _texts(act) if len(one) > MOST_CHARACTERS]
        if long:
            raise Refused(
                422, f"{here} may have {MOST_CHARACTERS:,} characters, not {len(long[0]):,}"
            )
        if isinstance(act, dict) and isinstance(act.get("happens"), str):
            details = {key: value for key, value in act.items() if key != "happens"}
            _details(account, act["happens"], details, f"{here}.")


def _texts(act: object) -> list[str]:
    values = act.values() if isinstance(act, dict) else [act]
    return [value for value in values if isinstance(value, str)]


def _body(properties: Mapping[str, Schema], *required: str) -> Schema:
    return object_of({**properties, **COPIES}, required=required)


_REFUSED_MESSAGE = {404: "There is no message of this name."}

OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/postbacks",
        id="tapButton",
        summary="A person taps a button.",
        body=_body(
            {
                "title": text("What is on the button.", minLength=1, maxLength=MOST_CHARACTERS),
                "payload": text(
                    "What it stands for; the title in capitals by default.",
                    maxLength=MOST_CHARACTERS,
                ),
                "ref": text("That of the link which led to the page; not on WhatsApp."),
                "sender": SENDER,
                "standby": _STANDBY,
            },
            "title",
        ),
        answer=ref("Message"),
        status=201,
        handler=_tap,
    ),
    Operation(
        method="POST",
        path="/v1/attachments",
        id="sendAttachment",
        summary="A person sends a file, a sticker or a place.",
        description="Files can be fetched by the bot, until their links expire.",
        body=_body(
            {
                "kind": text("image, audio, ...: what the platform has.", default="image"),
                "url": text("Where it is, instead of a file that is made up.", maxLength=2_000),
                "payload": {"type": "object", "description": "Instead of the usual payload."},
                "sender": SENDER,
            }
        ),
        answer=ref("Message"),
        status=201,
        handler=_attach,
    ),
    Operation(
        method="POST",
        path="/v1/reactions",
        id="react",
        summary="A person reacts to a message or to a reply.",
        body=_body(
            {
                "message": text("The name of a message (`u0`), or the id of one or of a reply."),
                "reaction": text("How.", enum=list(get_args(Reaction)), default="love"),
                "emoji": text("Another emoji than the usual one.", maxLength=100),
                "action": text(
                    "Or whether it is taken back.",
                    enum=list(get_args(ReactionAction)),
                    default="react",
                ),
                "sender": text(
                    "Who does it; by default who wrote the message, or whom the reply was sent to.",
                    minLength=1,
                    maxLength=MOST_NAME,
                ),
            },
            "message",
        ),
        answer=ref("Message"),
        status=201,
        handler=_react,
        refusals={404: "There is no such message or reply."},
    ),
    Operation(
        method="POST",
        path="/v1/messages/{root}/edit",
        id="editMessage",
        summary="A person writes a message of theirs anew.",
        path_texts=ROOT,
        body=_body(
            {"text": text("What it says now.", minLength=1, maxLength=MOST_CHARACTERS)}, "text"
        ),
        answer=ref("Message"),
        status=201,
        handler=_edit,
        refusals=_REFUSED_MESSAGE,
    ),
    Operation(
        method="POST",
        path="/v1/messages/{root}/unsend",
        id="unsendMessage",
        summary="A person takes a message back; not on Messenger, which tells nobody.",
        path_texts=ROOT,
        body=_body({}),
        answer=ref("Message"),
        status=201,
        handler=_unsend,
        refusals=_REFUSED_MESSAGE,
    ),
    Operation(
        method="POST",
        path="/v1/read",
        id="readThread",
        summary="A person looks at what they got: a read receipt, if there is something new.",
        body=object_of({"sender": SENDER}, required=()),
        answer=object_of({"sender": text("Who did.")}),
        handler=_read,
    ),
    Operation(
        method="POST",
        path="/v1/items",
        id="happen",
        summary="Anything happens that the platform tells of, by the name of its kind.",
        body=_body(
            {
                "kind": text("One of those that `GET /v1/items` lists.", maxLength=100),
                "details": {
                    "type": "object",
                    "description": "What differs from a plain one, as listed there.",
                    "default": {},
                },
                "sender": SENDER,
                "standby": _STANDBY,
            },
            "kind",
        ),
        answer=ref("Message"),
        status=201,
        handler=_happen,
    ),
    Operation(
        method="GET",
        path="/v1/items",
        id="listItems",
        summary="All kinds of items of the platform, and what can be said of each.",
        answer=object_of({"items": array_of(ref("Item"))}),
        handler=_items,
    ),
    Operation(
        method="POST",
        path="/v1/conversations",
        id="converse",
        summary="Several people each follow a script, from now on.",
        description=(
            "Each act of a script is a text such as `says: hello`, or an object such as "
            '`{"taps": "Yes", "payload": "YES"}`; between two of them each person takes `think_s`, '
            "unless the script has `waits` or `thinks` there. What they do is in `/v1/messages` as "
            "it is done; `/v1/wait` waits for all of it."
        ),
        body=object_of(
            {
                "users": array_of(
                    {
                        "type": "object",
                        "description": (
                            "`name`, `script`, and if wanted `starts_s`, `think_s` (from, to), and "
                            "`count`: so many people with numbered names."
                        ),
                    },
                    minItems=1,
                    maxItems=MOST_USERS,
                )
            }
        ),
        answer=object_of(
            {
                "users": array_of({"type": "string"}, "The names of the people."),
                "acts": whole("How many acts they have among them."),
            }
        ),
        status=201,
        handler=_converse,
    ),
)

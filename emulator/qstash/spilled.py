"""Log entries and dead letters as text and back, for those that are no longer kept in memory."""

from collections.abc import Callable

from emulator.qstash.coded import decode, encode
from emulator.qstash.ledger import Place
from emulator.qstash.message import DeadLetter, LogEntry, Message, State
from emulator.qstash.spill import Coding


def log_coding(rejoin: Callable[[Message], None]) -> Coding[LogEntry]:
    """How log entries are kept. `rejoin` is told of each message that is read back."""

    def read(place: Place, text: str) -> LogEntry:
        message, state, next_ms, reply, error = decode(text)
        return LogEntry(place[0], _message(message, rejoin), State(state), next_ms, reply, error)

    return Coding(
        lambda entry: encode(
            (
                *(_value(entry.message), entry.state.value, entry.next_delivery_ms),
                *(entry.reply, entry.error),
            )
        ),
        read,
        lambda entry: entry.message.id,
    )


def dead_coding(rejoin: Callable[[Message], None]) -> Coding[DeadLetter]:
    """How dead letters are kept. `rejoin` is told of each message that is read back."""

    def read(place: Place, text: str) -> DeadLetter:
        message, reply = decode(text)
        return DeadLetter(place, _message(message, rejoin), reply)

    return Coding(
        lambda letter: encode((_value(letter.message), letter.reply)),
        read,
        lambda letter: letter.message.id,
    )


def _value(message: Message) -> tuple[object, ...]:
    return (
        *(message.id, message.name, message.publish, message.content, message.caller_ip),
        *(message.created_ms, message.roots, message.generation, message.routes, message.entry),
        *(message.dedup_key, message.source, message.state.value, message.retried),
        message.ended_at or 0.0,
    )


def _message(value: tuple[object, ...], rejoin: Callable[[Message], None]) -> Message:
    """The message as it was then. It is a record, and does nothing more."""
    *parts, dedup_key, source, state, retried, ended_at = value
    message = Message(*parts)  # type: ignore[arg-type]
    message.dedup_key, message.source = str(dedup_key), str(source)
    message.state = State(state)
    message.retried, message.ended_at = int(str(retried)), float(str(ended_at))
    rejoin(message)
    return message

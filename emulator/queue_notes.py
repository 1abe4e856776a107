"""What every kind of queue puts into the world's journal, so that whoever reads it need not know
which one it was.
"""

from emulator.kernel import Kernel


def note_publish(
    kernel: Kernel,
    name: str,
    *,
    message_id: str,
    url: str,
    route: str,
    dedup: str,
    delay_s: float,
    cause: int,
    roots: tuple[str, ...],
    generation: int,
) -> int:
    """The bot published something; returns the number of the entry. `dedup` is what the queue
    knows a repetition by, empty for nothing.
    """
    return kernel.note(
        "publish",
        name,
        cause=cause,
        roots=roots,
        generation=generation,
        detail={
            "message_id": message_id,
            "url": url,
            "dedup": dedup,
            "delay_s": delay_s,
            "route": route,
        },
    )


def note_duplicate(
    kernel: Kernel,
    name: str,
    *,
    message_id: str,
    url: str,
    dedup: str,
    cause: int,
    roots: tuple[str, ...],
    generation: int,
) -> None:
    """A publish was swallowed, or refused, in favour of the message `message_id`."""
    kernel.note(
        "duplicate",
        name,
        cause=cause,
        roots=roots,
        generation=generation,
        detail={"message_id": message_id, "url": url, "dedup": dedup},
    )


def note_dead(
    kernel: Kernel,
    name: str,
    *,
    message_id: str,
    dlq_id: str,
    status: int,
    attempts: int,
    cause: int,
    roots: tuple[str, ...],
    generation: int,
) -> None:
    """A message was given up. `dlq_id` is its place among the dead letters, if there are any;
    `status` that of the last answer, 0 without one.
    """
    kernel.note(
        "dead",
        name,
        cause=cause,
        roots=roots,
        generation=generation,
        detail={
            "message_id": message_id,
            "dlq_id": dlq_id,
            "status": status,
            "attempts": attempts,
        },
    )

"""How the plain JSON answers of a fake become messages, where a fake answers gRPC calls by what its
REST surface says. So journal and checks see one kind of answer, whatever a bot speaks.
"""

from collections.abc import Callable, Sequence

from emulator.exchange import Reply, Request

# A call and a good answer to it, as REST has it; the messages of the answer, serialised.
Encoder = Callable[[Request, Reply], Sequence[bytes]]

_encoders: dict[str, Encoder] = {}


def encode_with(service: str, encoder: Encoder) -> None:
    """Have the plain answers to calls of `service` (`package.Service`) encoded like this."""
    _encoders[service] = encoder


def encoder_of(service: str) -> Encoder | None:
    """What was named for a service."""
    return _encoders.get(service)

"""One request to the Graph API as the endpoints see it, and the forms that their answers have."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from emulator.call import Call
from emulator.meta.delivery.subscription import Handshake
from emulator.meta.graph.addressing import Address, Refusal
from emulator.meta.graph.multipart import Upload

# Whose token it is: the account's, with which a bot sends, or the app's (`<id>|<secret>`). Nobody's
# for the few calls that take none.
Holder = Literal["account", "app", "nobody"]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request whose token is right. `parameters` is None when the body can not be read.

    Without a `call` it is not the bot's, and answers nobody. One that is `batched` is part of a
    batch. A message that `fails_later` is accepted, and then reaches nobody.
    """

    method: str
    address: Address
    parameters: Mapping[str, object] | None
    holder: Holder = "account"
    call: Call | None = None
    upload: Upload | None = None
    batched: bool = False
    fails_later: Refusal | None = None

    @property
    def given(self) -> Mapping[str, object]:
        """The parameters, none when the body can not be read."""
        return self.parameters or {}

    def text(self, name: str) -> str | None:
        """A parameter that is a text and not empty, or a number as a text."""
        value = self.given.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        return value if isinstance(value, str) and value else None


@dataclass(frozen=True, slots=True)
class Later:
    """The answer depends on a handshake that is under way."""

    handshake: Handshake


Body = Mapping[str, object] | Sequence[object]
# None: there is no such node, or it does not take this.
Answer = Body | Refusal | Later | None

SUCCESS: Mapping[str, object] = {"success": True}

"""What the dashboard and the log hide of a message; what is delivered is never touched."""

import hashlib
from dataclasses import dataclass

from emulator.exchange import Headers


@dataclass(frozen=True, slots=True)
class Redact:
    """The fields to hide. `names` are those of single headers, in lower case."""

    body: bool = False
    header: bool = False
    names: frozenset[str] = frozenset()

    def headers(self, headers: Headers) -> Headers:
        """The headers as they are shown."""
        return tuple(
            (name, redacted(value.encode()))
            if self.header or name.lower() in self.names
            else (name, value)
            for name, value in headers
        )


def redacted(value: bytes) -> str:
    """What stands for a hidden value (QStash docs, "Redact fields"): equal values can be told."""
    return f"REDACTED:{hashlib.sha256(value).hexdigest()}"

"""Reading the JSON of a request, as Google's services do for protobuf messages; what it means is
not for here.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from emulator.cloudtasks.errors import RefusedError, invalid

_DURATION = re.compile(r"(-?[0-9]{1,12})(\.[0-9]{1,9})?s")
_TIMESTAMP = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]([0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]{1,9})?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})"
)


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object of a request; none is an empty one. Raises RefusedError."""
    if not body.strip():
        return {}
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        raise invalid(
            "Invalid JSON payload received. Parsing terminated before end of input."
        ) from None
    if not isinstance(content, dict):
        raise invalid(
            'Invalid JSON payload received. Unknown name "": Root element must be a message.'
        )
    return content


class Given:
    """One message of a request.

    Every field that it may have is read once; `end` refuses the rest. Names are those of JSON, or
    of the protobuf message; null counts as absent.
    """

    def __init__(self, content: object, where: str = "") -> None:
        if not isinstance(content, Mapping):
            raise invalid(f"Invalid value at '{where}', Starting an object on a scalar field")
        self._left = {name: value for name, value in content.items() if value is not None}
        self._where = where

    def has(self, name: str) -> bool:
        return name in self._left or _snake(name) in self._left

    def text(self, name: str, default: str = "") -> str:
        value = self._take(name)
        if value is None:
            return default
        if not isinstance(value, str):
            raise self._wrong(name, "TYPE_STRING", value)
        return value

    def choice(self, name: str, options: Sequence[str], default: str) -> str:
        """A value of an enum, by name or by number."""
        value = self._take(name)
        if value is None:
            return default
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(options):
            value = options[value]
        if value not in options:
            raise self._wrong(name, "an enum value", value)
        # The first is what is said when nothing is.
        return default if value == options[0] else str(value)

    def number(self, name: str, default: float) -> float:
        value = self._take(name)
        if value is None:
            return default
        try:
            if isinstance(value, bool):
                raise ValueError
            return float(value)
        except (TypeError, ValueError):
            raise self._wrong(name, "TYPE_DOUBLE", value) from None

    def whole(self, name: str, default: int) -> int:
        number = self.number(name, default)
        if number != int(number):
            raise self._wrong(name, "TYPE_INT32", number)
        return int(number)

    def content(self, name: str) -> bytes:
        """Bytes: base64 of either alphabet, with or without its padding."""
        text = self.text(name)
        standard = text.replace("-", "+").replace("_", "/").rstrip("=")
        try:
            return base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
        except binascii.Error:
            raise self._wrong(name, "TYPE_BYTES", "Base64 decoding failed") from None

    def duration(self, name: str, default: float | None) -> float | None:
        """Seconds: `3.5s`."""
        if not self.has(name):
            return default
        text = self.text(name)
        if not _DURATION.fullmatch(text):
            raise self._wrong(name, "type.googleapis.com/google.protobuf.Duration", text)
        return float(text[:-1])

    def timestamp(self, name: str) -> float | None:
        """Unix seconds, to the microsecond: RFC 3339."""
        if not self.has(name):
            return None
        text = self.text(name)
        found = _TIMESTAMP.fullmatch(text)
        try:
            if found is None:
                raise ValueError
            zone = "+00:00" if found[4] in "Zz" else found[4]
            moment = datetime.fromisoformat(f"{found[1]}T{found[2]}{zone}").timestamp()
        except (ValueError, OverflowError):
            raise self._wrong(name, "type.googleapis.com/google.protobuf.Timestamp", text) from None
        return moment + float((found[3] or ".0")[:7])

    def texts(self, name: str) -> dict[str, str]:
        """A map of strings."""
        value = self._take(name)
        if value is None:
            return {}
        if not isinstance(value, Mapping) or not all(isinstance(v, str) for v in value.values()):
            raise self._wrong(name, "Map", value)
        return {str(key): text for key, text in value.items()}

    def part(self, name: str) -> "Given | None":
        """A message within this one."""
        value = self._take(name)
        return None if value is None else Given(value, self._path(name))

    def parts(self, name: str) -> "list[Given]":
        value = self._take(name) or []
        if not isinstance(value, list):
            raise self._wrong(name, "a list", value)
        return [Given(one, f"{self._path(name)}[{at}]") for at, one in enumerate(value)]

    def words(self, name: str) -> list[str]:
        value = self._take(name) or []
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise self._wrong(name, "TYPE_STRING", value)
        return value

    def ignore(self, *names: str) -> None:
        """Fields that only the service sets: what is given is passed over."""
        for name in names:
            self._take(name)

    def end(self) -> None:
        """Raise RefusedError for a field that no such message has."""
        for name in self._left:
            at = f" at '{self._where}'" if self._where else ""
            raise invalid(
                f'Invalid JSON payload received. Unknown name "{name}"{at}: Cannot find field.'
            )

    def _take(self, name: str) -> Any:
        value = self._left.pop(name, None)
        return self._left.pop(_snake(name), None) if value is None else value

    def _path(self, name: str) -> str:
        return f"{self._where}.{_snake(name)}" if self._where else _snake(name)

    def _wrong(self, name: str, kind: str, value: object) -> RefusedError:
        shown = json.dumps(value) if isinstance(value, str | int | float) else "an object"
        return invalid(f"Invalid value at '{self._path(name)}' ({kind}), {shown}")


def shown_time(unix: float) -> str:
    """RFC 3339 in UTC, with as many digits as the moment has, in groups of three."""
    whole, micros = divmod(round(unix * 1_000_000), 1_000_000)
    base = datetime.fromtimestamp(whole, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    if not micros:
        return base + "Z"
    digits = f"{micros:06d}"
    return f"{base}.{digits[:3] if digits.endswith('000') else digits}Z"


def shown_duration(seconds: float) -> str:
    """`3.500s`: protobuf's JSON, with three digits or six where there are any."""
    whole, micros = divmod(round(seconds * 1_000_000), 1_000_000)
    if not micros:
        return f"{whole}s"
    digits = f"{micros:06d}"
    return f"{whole}.{digits[:3] if digits.endswith('000') else digits}s"


def _snake(name: str) -> str:
    return re.sub("[A-Z]", lambda found: "_" + found[0].lower(), name)

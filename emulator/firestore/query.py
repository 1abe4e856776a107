"""Query parameters of the REST surface."""

from collections.abc import Collection
from urllib.parse import parse_qsl

from emulator.firestore.errors import InvalidArgumentError, UnimplementedError
from emulator.firestore.fieldpath import FieldPath
from emulator.firestore.proto_json import bad_value, camel
from emulator.firestore.wire import paths_from_texts, precondition
from emulator.firestore.writes import Precondition

# Google APIs, "System parameters": they do not change what is answered, or only its spacing.
_SYSTEM = frozenset(
    {
        "key",
        "access_token",
        "oauth_token",
        "prettyPrint",
        "quotaUser",
        "uploadType",
        "upload_protocol",
    }
)
# System parameters that change the shape of the answer, and what only some methods have; served by
# the real API alone.
_UNSERVED = frozenset({"fields", "callback", "transaction", "readTime"})


class Query:
    """The parameters of one request, those named in `allowed`.

    Raises InvalidArgumentError for unknown names, UnimplementedError for unserved ones.
    """

    __slots__ = ("_values", "access_token")

    def __init__(self, raw: str, allowed: Collection[str] = ()) -> None:
        self._values: dict[str, list[str]] = {}
        self.access_token = ""
        if not raw:
            return
        try:
            pairs = parse_qsl(raw, keep_blank_values=True, errors="strict")
        except UnicodeDecodeError:
            raise InvalidArgumentError("Query parameters are not UTF-8.") from None
        for name, value in pairs:
            self._add(name, value, allowed)

    def _add(self, name: str, value: str, allowed: Collection[str]) -> None:
        known = name if name in allowed else camel(name)
        if known in allowed:
            self._values.setdefault(known, []).append(value)
            return
        bare = name.removeprefix("$")
        if bare in ("access_token", "oauth_token"):
            self.access_token = value
        elif bare in _UNSERVED:
            if value not in ("", "false"):
                raise UnimplementedError(f"The query parameter {name} is not served here.")
        elif bare == "alt":
            if value.split(";")[0] != "json":
                raise UnimplementedError(f"The query parameter {name}={value} is not served here.")
        elif bare not in _SYSTEM and bare == name:
            raise InvalidArgumentError(
                f'Invalid JSON payload received. Unknown name "{name}": Cannot bind query'
                f" parameter. Field '{name}' could not be found in request message."
            )

    def text(self, name: str) -> str:
        """The last value of a parameter, or nothing."""
        return self._values.get(name, [""])[-1]

    def flag(self, name: str) -> bool:
        """A parameter that is true or false; false when it is not given."""
        text = self.text(name)
        if text not in ("", "true", "false"):
            bad_value(name, "TYPE_BOOL", text)
        return text == "true"

    def whole(self, name: str) -> int:
        text = self.text(name)
        if not text:
            return 0
        digits = text.removeprefix("-")
        if not (digits.isascii() and digits.isdigit()) or len(digits) > 10:
            bad_value(name, "TYPE_INT32", text)
        return int(text)

    def paths(self, name: str) -> tuple[FieldPath, ...] | None:
        """The field paths of a mask, or None when it is not given."""
        return paths_from_texts(self._values[name]) if name in self._values else None

    def precondition(self) -> Precondition:
        exists = self._values.get("currentDocument.exists", [None])[-1]
        if exists not in (None, "true", "false"):
            bad_value("current_document.exists", "TYPE_BOOL", exists)
        time = self._values.get("currentDocument.updateTime", [None])[-1]
        return precondition(None if exists is None else exists == "true", time)

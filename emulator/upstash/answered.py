"""How an answer looks: as JSON, plainly or with its strings in base64, or in Redis's own format."""

import base64
import json
from collections.abc import Sequence
from typing import Any

from emulator.exchange import Reply, Request
from emulator.redis.resp import encode
from emulator.redis.values import NoList, Refusal, Status, Value, plain

_JSON = ("Content-Type", "application/json")
_RAW = ("Content-Type", "application/octet-stream")
SYNC_TOKEN = "Upstash-Sync-Token"


class Answers:
    """Makes the replies to one request."""

    def __init__(self, request: Request) -> None:
        self.coded = (request.header("upstash-encoding") or "").lower() == "base64"
        self.raw = (request.header("upstash-response-format") or "").lower() == "resp2"

    def one(self, value: Value) -> Reply:
        """The reply to one command."""
        if isinstance(value, Refusal):
            return self.refusal(value.text)
        if self.raw:
            return Reply(200, (_RAW,), encode(value, 2))
        return _json(200, {"result": self._shown(value)})

    def several(self, values: Sequence[Value]) -> Reply:
        """The reply to the commands of a pipeline or a transaction."""
        if self.raw:
            return Reply(200, (_RAW,), b"".join(encode(value, 2) for value in values))
        return _json(
            200,
            [
                {"error": value.text}
                if isinstance(value, Refusal)
                else {"result": self._shown(value)}
                for value in values
            ],
        )

    def refusal(self, text: str, status: int = 400) -> Reply:
        """The reply to what is refused as a whole; errors are not coded."""
        if self.raw and status == 400:
            return Reply(status, (_RAW,), encode(Refusal(text), 2))
        return _json(status, {"error": text})

    def _shown(self, value: Value) -> Any:
        match plain(value):
            case Status(text):
                # As JSON has it, only the best known of them stays as it is.
                return text if text == "OK" or not self.coded else _coded(text.encode())
            case Refusal(text):
                return text
            case bytes() as text:
                return _coded(text) if self.coded else text.decode("utf-8", "replace")
            case NoList():
                return None
            case list() as items:
                return [self._shown(item) for item in items]
            case other:
                return other


def _coded(text: bytes) -> str:
    return base64.b64encode(text).decode()


def _json(status: int, content: object) -> Reply:
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    return Reply(status, (_JSON,), body)

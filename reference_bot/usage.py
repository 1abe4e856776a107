"""How many publishes each user caused in each hour: counted with the claims, read by operators."""

import hmac
import re
import time
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from reference_bot.errors import TryAgainError
from reference_bot.firestore import Write
from reference_bot.message import Message
from reference_bot.records import expiry
from reference_bot.store import Store

USERS_SHOWN = 100
_HOUR = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}")


def hour_of(moment: float) -> str:
    """The hour of a moment (unix seconds), in UTC: `2027-01-15T08`."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H")


def used(message: Message, now: float, *, publishes: int, held: int = 0) -> Write:
    """The write that counts what was done for a message, publishes also by its user."""
    increments = {"held": held} if held else {}
    if publishes:
        increments |= {"publishes": publishes, f"users.`{message.sender_key}`": publishes}
    return Write(
        path=_path(hour_of(now)),
        fields={"expires_at": expiry(now)},
        merge=True,
        increments=increments,
    )


class Usage:
    """The route that tells an operator of the counts, and nobody else."""

    def __init__(self, store: Store, *, token: str) -> None:
        self._store = store
        self._token = token

    async def report(self, request: Request) -> Response:
        """GET: the counts of `?hour=2027-01-15T08` (UTC; this hour when it is left out), with the
        users who caused most.
        """
        if not self._token:
            return PlainTextResponse("not found", 404)
        given = request.headers.get("authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {self._token}".encode()):
            return PlainTextResponse("wrong token", 401, {"WWW-Authenticate": "Bearer"})
        hour = request.query_params.get("hour") or hour_of(time.time())
        if not _HOUR.fullmatch(hour):
            return PlainTextResponse("the hour has to be given as 2027-01-15T08", 400)
        try:
            (document,) = await self._store.read(_path(hour))
        except TryAgainError:
            return PlainTextResponse("try again", 503)
        fields = {} if document is None else document.fields
        users = {name: count for name, count in fields.get("users", {}).items() if count > 0}
        shown = sorted(users.items(), key=lambda user: (-user[1], user[0]))[:USERS_SHOWN]
        return JSONResponse(
            {
                "hour": hour,
                "publishes": max(0, fields.get("publishes", 0)),
                "held": fields.get("held", 0),
                "users": dict(shown),
                "users_not_shown": len(users) - len(shown),
            }
        )


def _path(hour: str) -> str:
    return f"usage/{hour}"

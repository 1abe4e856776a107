"""The bot's documents in Upstash Redis, over REST: each is a hash, and a commit is one script,
which Redis does at once or not at all.
"""

import asyncio
import json
import uuid
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx

from reference_bot.client import HttpClient
from reference_bot.firestore import ConflictError, Document, StoreError, Write, Written

CALL_LIMIT_S = 3.0
# The field that holds a document's version. No other is empty.
VERSION = ""
CONFLICT = "CONFLICT"

# One key for each write, and behind them the indexes of collections that are listed.
COMMIT = """
local writes, version = cjson.decode(ARGV[1]), ARGV[2]
for i, write in ipairs(writes) do
  if write.version ~= nil and (redis.call('HGET', KEYS[i], '') or '') ~= write.version then
    return redis.error_reply('CONFLICT a document is not as it was')
  end
end
local done = {}
for i, write in ipairs(writes) do
  local key, values = KEYS[i], {}
  if write.replace then redis.call('DEL', key) end
  for _, field in ipairs(write.drop) do redis.call('HDEL', key, field) end
  for _, pair in ipairs(write.set) do redis.call('HSET', key, pair[1], pair[2]) end
  for _, pair in ipairs(write.add) do
    values[#values + 1] = redis.call('HINCRBY', key, pair[1], pair[2])
  end
  if not write.delete then redis.call('HSET', key, '', version) end
  if write.expires then redis.call('EXPIREAT', key, write.expires) end
  if write.index then
    redis.call(write.delete and 'ZREM' or 'ZADD', KEYS[write.index],
      unpack(write.delete and {key} or {0, key}))
  end
  done[i] = values
end
return done
"""


class Upstash:
    """The documents in one database; a path is a key. Documents with an `expires_at` go by
    themselves then. Of the collections in `listed`, an index is kept.
    """

    def __init__(
        self, http: HttpClient, *, url: str, token: str, listed: Collection[str] = ()
    ) -> None:
        self._http = http
        self._url = url.rstrip("/")
        self._token = token
        self._listed = frozenset(listed)
        # What the database wants to be told, so that it answers from no older state than we know.
        self._sync_token = ""

    async def read(self, *paths: str) -> list[Document | None]:
        """The documents at these paths, in this order, None where there is none. Raises
        StoreError.
        """
        hashes = await self._together("read", [["HGETALL", path] for path in paths])
        return [_document(found) for found in hashes]

    async def list_collection(self, collection: str, at_most: int) -> dict[str, Document]:
        """The first documents of a collection by their ids, with their paths. Raises StoreError."""
        (paths,) = await self._together("list", [["ZRANGE", collection, 0, at_most - 1]])
        found = await self.read(*paths) if paths else []
        return {path: each for path, each in zip(paths, found, strict=True) if each is not None}

    async def commit(self, *writes: Write) -> list[Written]:
        """Do all of the writes or none; returns what each of them did.

        Raises ConflictError when a condition did not hold, and StoreError when it failed or the
        outcome is unknown.
        """
        keys = [write.path for write in writes]
        indexes = sorted({_collection(key) for key in keys} & self._listed)
        places = {name: len(keys) + place for place, name in enumerate(indexes, 1)}
        version = uuid.uuid4().hex
        changes = [_change(write, places.get(_collection(write.path))) for write in writes]
        words = ["EVAL", COMMIT, len(keys) + len(indexes), *keys, *indexes]
        done = await self._post("", "commit", [*words, json.dumps(changes), version])
        try:
            return [Written(version, values) for values in done["result"]]
        except (KeyError, TypeError) as error:
            raise StoreError(f"the store's answer to commit makes no sense: {error!r}") from error

    async def _together(self, verb: str, commands: Sequence[Sequence[object]]) -> list[Any]:
        """What the commands give, all as of the same moment."""
        answer = await self._post("/multi-exec", verb, commands)
        try:
            return [each["result"] for each in answer]
        except (KeyError, TypeError) as error:
            raise StoreError(f"the store's answer to {verb} makes no sense: {error!r}") from error

    async def _post(self, place: str, verb: str, body: Sequence[object]) -> Any:
        headers = {"Authorization": f"Bearer {self._token}", "Upstash-Sync-Token": self._sync_token}
        try:
            async with asyncio.timeout(CALL_LIMIT_S):
                response = await self._http.request(
                    "POST", self._url + place, headers=headers, content=json.dumps(body).encode()
                )
        except (httpx.HTTPError, TimeoutError) as error:
            raise StoreError(f"the store did not answer {verb}: {error!r}") from error
        self._sync_token = response.headers.get("Upstash-Sync-Token", self._sync_token)
        try:
            answer = response.json()
        except ValueError as error:
            raise StoreError(f"the store's answer to {verb} is no JSON") from error
        if not response.is_success or (isinstance(answer, dict) and "error" in answer):
            said = str(answer.get("error", "")) if isinstance(answer, dict) else ""
            kind = ConflictError if said.startswith(CONFLICT) else StoreError
            raise kind(f"the store refused {verb}: {response.status_code} {said.partition(' ')[0]}")
        return answer


def _collection(path: str) -> str:
    return path.partition("/")[0]


def _change(write: Write, index: int | None) -> dict[str, object]:
    """A write as the script takes it."""
    fields = write.fields or {}
    change: dict[str, object] = {
        "delete": write.fields is None,
        "replace": write.fields is None or not write.merge,
        "drop": list(write.drop),
        "set": [[name, json.dumps(value, default=_text)] for name, value in fields.items()],
        "add": [[name, by] for name, by in write.increments.items()],
        "index": index,
    }
    if write.condition is not None:
        change["version"] = write.condition.get("updateTime", "")
    expires = fields.get("expires_at")
    if isinstance(expires, datetime):
        change["expires"] = int(expires.timestamp())
    # Lua has no null: what is not there is left out.
    return {name: value for name, value in change.items() if value is not None}


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    raise TypeError(f"no JSON is known for a {type(value).__name__}")


def _document(found: Sequence[str]) -> Document | None:
    """The document that a hash is: names and values in turns."""
    content = dict(zip(found[::2], found[1::2], strict=True))
    if VERSION not in content:
        return None
    version = content.pop(VERSION)
    fields: dict[str, Any] = {}
    try:
        for name, text in content.items():
            outer, dot, inner = name.partition(".")
            value = json.loads(text)
            if dot:
                fields.setdefault(outer, {})[inner.strip("`")] = value
            else:
                fields[name] = value
    except ValueError as error:
        raise StoreError(f"a document makes no sense: {error!r}") from error
    return Document(fields, version)

"""The smallest bots with each design of a webhook's dedup, chosen by the variable DESIGN. They
check no signature, and their consumer does nothing.
"""

import asyncio
import json
import os
import uuid
from typing import Any

import httpx

DESIGN = os.environ["DESIGN"]
NAME = f"projects/{os.environ['FIRESTORE_PROJECT']}/databases/(default)/documents"
DOCUMENTS = f"{os.environ['FIRESTORE_URL']}/{NAME}"
RECORDS = f"{DOCUMENTS}/processedMessages"
STORE = {"Authorization": "Bearer " + os.environ["FIRESTORE_TOKEN"]}
CONSUMER = os.environ["PUBLIC_URL"] + "/api/process-message"
PUBLISH = f"{os.environ['QSTASH_URL']}/v2/publish/{CONSUMER}"
QUEUE = {"Authorization": "Bearer " + os.environ["QSTASH_TOKEN"]}

client = httpx.AsyncClient()
seen: set[str] = set()


async def exists(mid: str) -> bool:
    return (await client.get(f"{RECORDS}/{mid}", headers=STORE)).status_code == 200


async def create(mid: str) -> bool:
    url = f"{RECORDS}?documentId={mid}"
    return (await client.post(url, headers=STORE, json={"fields": {}})).status_code == 200


async def write(mid: str, owner: str = "") -> None:
    fields = {"owner": {"stringValue": owner}}
    await client.patch(f"{RECORDS}/{mid}", headers=STORE, json={"fields": fields})


async def owner_of(mid: str) -> str:
    record = (await client.get(f"{RECORDS}/{mid}", headers=STORE)).json()
    return str(record["fields"]["owner"]["stringValue"])


async def claim_in_transaction(mid: str) -> bool:
    """As the client libraries do: read and write in one transaction, and again if it is aborted."""
    for _ in range(10):
        begun = await client.post(f"{DOCUMENTS}:beginTransaction", headers=STORE, json={})
        transaction = begun.json()["transaction"]
        name = f"{NAME}/processedMessages/{mid}"
        read = {"documents": [name], "transaction": transaction}
        found = await client.post(f"{DOCUMENTS}:batchGet", headers=STORE, json=read)
        if found.status_code == 409:
            continue
        if "found" in found.json()[0]:
            await client.post(
                f"{DOCUMENTS}:rollback", headers=STORE, json={"transaction": transaction}
            )
            return False
        write = {"writes": [{"update": {"name": name}}], "transaction": transaction}
        done = await client.post(f"{DOCUMENTS}:commit", headers=STORE, json=write)
        if done.status_code == 200:
            return True
    raise RuntimeError("aborted again and again")


async def publish(mid: str) -> None:
    await client.post(PUBLISH, headers=QUEUE, json={"mid": mid})


async def on_message(mid: str) -> None:
    if DESIGN == "atomic claim":
        if await create(mid):
            await publish(mid)
    elif DESIGN == "check, set, publish":
        if not await exists(mid):
            await write(mid)
            await publish(mid)
    elif DESIGN == "check, publish, set":
        if not await exists(mid):
            await publish(mid)
            await write(mid)
    elif DESIGN == "read-back lock":
        if not await exists(mid):
            owner = uuid.uuid4().hex
            await write(mid, owner)
            if await owner_of(mid) == owner:
                await publish(mid)
    elif DESIGN == "transaction":
        if await claim_in_transaction(mid):
            await publish(mid)
    elif DESIGN == "parallel calls":
        existed, _ = await asyncio.gather(exists(mid), exists("settings"))
        if not existed:
            await asyncio.gather(write(mid), publish(mid))
    elif DESIGN == "in-memory" and mid not in seen:
        seen.add(mid)
        await publish(mid)


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        raise RuntimeError("no lifespan")
    body = (await receive())["body"]
    if scope["path"] == "/api/messenger" and scope["method"] == "POST":
        for entry in json.loads(body)["entry"]:
            for item in entry["messaging"]:
                await on_message(item["message"]["mid"])
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})

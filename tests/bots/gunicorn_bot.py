"""Flask as it is deployed, on gunicorn, with requests for every call.

BUG=check-then-set: the record is read, then written, and the publish names no duplicate.
"""

import hashlib
import hmac
import os
from typing import Any
from urllib.parse import quote

import requests
from flask import Flask, abort, request
from flask.typing import ResponseReturnValue
from qstash import Receiver

BUG = os.environ.get("BUG", "")
CONSUMER = os.environ["PUBLIC_URL"] + "/api/process-message"
DATABASE = f"projects/{os.environ['FIRESTORE_PROJECT']}/databases/(default)/documents"
LIMIT_S = 3.0

app = Flask(__name__)
http = requests.Session()


def store(method: str, path: str, body: object = None) -> requests.Response:
    return http.request(
        method,
        f"{os.environ['FIRESTORE_URL']}/{DATABASE}{path}",
        json=body,
        headers={"Authorization": f"Bearer {os.environ['FIRESTORE_TOKEN']}"},
        timeout=LIMIT_S,
    )


def read(mid: str) -> dict[str, Any] | None:
    answer = store("GET", f"/processedMessages/{quote(mid, safe='')}")
    if answer.status_code == 404:
        return None
    answer.raise_for_status()
    record: dict[str, Any] = answer.json()
    return record


def write(mid: str, fields: dict[str, str], before: dict[str, Any] | None) -> bool:
    """Store a record if it is still as it was read; whether it was."""
    condition = {"updateTime": before["updateTime"]} if before else {"exists": False}
    update = {
        "name": f"{DATABASE}/processedMessages/{mid}",
        "fields": {name: {"stringValue": value} for name, value in fields.items()},
    }
    conditional: dict[str, object] = {"update": update}
    if BUG != "check-then-set":
        conditional["currentDocument"] = condition
    answer = store("POST", ":commit", {"writes": [conditional]})
    if answer.status_code in (400, 409):
        return False
    answer.raise_for_status()
    return True


@app.errorhandler(requests.RequestException)
def failed(error: requests.RequestException) -> ResponseReturnValue:
    return "try again", 503


@app.get("/api/messenger")
def verify() -> ResponseReturnValue:
    if request.args.get("hub.verify_token") != os.environ["FB_VERIFY_TOKEN"]:
        abort(403)
    return request.args.get("hub.challenge", "")


@app.post("/api/messenger")
def receive() -> ResponseReturnValue:
    mac = hmac.new(os.environ["FB_APP_SECRET"].encode(), request.get_data(), hashlib.sha256)
    given = request.headers.get("X-Hub-Signature-256", "").encode()
    if not hmac.compare_digest(given, b"sha256=" + mac.hexdigest().encode()):
        abort(403)
    for entry in request.get_json().get("entry", []):
        for item in entry.get("messaging", []):
            message = item.get("message", {})
            if message.get("text") and not message.get("is_echo"):
                accept(item["sender"]["id"], message["mid"], message["text"])
    return "EVENT_RECEIVED"


def accept(sender: str, mid: str, text: str) -> None:
    """The publish names what it is a duplicate of, so it and the record may be repeated."""
    if read(mid) is not None:
        return
    headers = {"Authorization": f"Bearer {os.environ['QSTASH_TOKEN']}", "Upstash-Retries": "3"}
    if BUG != "check-then-set":
        headers["Upstash-Deduplication-Id"] = mid
    http.post(
        f"{os.environ['QSTASH_URL']}/v2/publish/{CONSUMER}",
        json={"sender": sender, "mid": mid, "text": text},
        headers=headers,
        timeout=LIMIT_S,
    ).raise_for_status()
    write(mid, {"state": "published"}, None)


@app.post("/api/process-message")
def answer() -> ResponseReturnValue:
    """One delivery answers; the same attempt again, or another queue message, comes back later."""
    try:
        Receiver(
            os.environ["QSTASH_CURRENT_SIGNING_KEY"], os.environ["QSTASH_NEXT_SIGNING_KEY"]
        ).verify(
            signature=request.headers.get("Upstash-Signature", ""),
            body=request.get_data(as_text=True),
            url=CONSUMER,
        )
    except Exception:
        return "wrong signature", 401
    job = request.get_json()
    owner = request.headers["Upstash-Message-Id"]
    attempt = int(request.headers.get("Upstash-Retried", "0"))
    before = read(job["mid"])
    fields = before["fields"] if before else {}
    state = fields.get("state", {}).get("stringValue")
    if state == "answered":
        return "already answered"
    if state == "answering" and (
        fields["owner"]["stringValue"] != owner or int(fields["attempt"]["stringValue"]) >= attempt
    ):
        return "busy", 503
    mine = {"state": "answering", "owner": owner, "attempt": str(attempt)}
    if not write(job["mid"], mine, before):
        return "busy", 503
    http.post(
        f"{os.environ['GRAPH_URL']}/me/messages",
        json={
            "messaging_type": "RESPONSE",
            "recipient": {"id": job["sender"]},
            "message": {"text": "You said: " + job["text"]},
        },
        headers={"Authorization": f"Bearer {os.environ['FB_PAGE_TOKEN']}"},
        timeout=8.0,
    ).raise_for_status()
    write(job["mid"], {"state": "answered"}, read(job["mid"]))
    return "answered"

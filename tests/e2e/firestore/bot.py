"""A bot that takes each message once by a record in Firestore, by Google's client for Python over
gRPC, and then has a queue bring it back.
"""

import hashlib
import hmac
import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
from google.cloud import firestore

env = os.environ
CONSUMER = f"{env['PUBLIC_URL']}/api/process-message"
db = firestore.Client(project=env["FIRESTORE_PROJECT"])
web = httpx.Client()


@firestore.transactional
def taken_first(transaction: Any, record: Any) -> bool:
    if record.get(transaction=transaction).exists:
        return False
    transaction.set(record, {"by": "bot"})
    return True


def webhook(body: bytes, signature: str) -> int:
    wanted = hmac.new(env["FB_APP_SECRET"].encode(), body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(signature, f"sha256={wanted}"):
        return 403
    for entry in json.loads(body)["entry"]:
        for event in entry["messaging"]:
            message = event.get("message", {})
            if not message.get("text") or message.get("is_echo"):
                continue
            record = db.collection("processedMessages").document(message["mid"])
            if taken_first(db.transaction(), record):
                publish({"sender": event["sender"]["id"], "text": message["text"]})
    return 200


def publish(body: dict[str, str]) -> None:
    url = f"{env['QSTASH_URL']}/v2/publish/{CONSUMER}"
    headers = {"authorization": f"Bearer {env['QSTASH_TOKEN']}"}
    web.post(url, json=body, headers=headers).raise_for_status()


def answer(body: bytes) -> int:
    job = json.loads(body)
    web.post(
        f"{env['GRAPH_URL']}/me/messages",
        headers={"authorization": f"Bearer {env['FB_PAGE_TOKEN']}"},
        json={
            "messaging_type": "RESPONSE",
            "recipient": {"id": job["sender"]},
            "message": {"text": f"You said: {job['text']}"},
        },
    ).raise_for_status()
    return 200


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.reply(200)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.path == "/api/messenger":
            self.reply(webhook(body, self.headers.get("x-hub-signature-256", "")))
        else:
            self.reply(answer(body))

    def reply(self, status: int) -> None:
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing is said of requests."""


ThreadingHTTPServer(("127.0.0.1", int(env["PORT"])), Handler).serve_forever()

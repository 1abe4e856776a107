"""Flask, served through an ASGI adapter, which runs it on worker threads: a2wsgi, or asgiref where
ADAPTER says so.

BUG=on-close: the publish is hung on the response's `call_on_close`, which runs after it was sent.
"""

import hashlib
import hmac
import os
from typing import Any

import httpx
from a2wsgi import WSGIMiddleware
from asgiref.wsgi import WsgiToAsgi
from flask import Flask, Response, abort, current_app, request
from qstash import QStash, Receiver

BUG = os.environ.get("BUG", "")

flask = Flask(__name__)
flask.config.from_mapping(
    APP_SECRET=os.environ["FB_APP_SECRET"].encode(),
    WORKER=os.environ["PUBLIC_URL"] + "/worker",
    RECORDS=f"https://firestore.googleapis.com/v1/projects/{os.environ['FIRESTORE_PROJECT']}"
    "/databases/(default)/documents/processed",
)
queue = QStash(os.environ["QSTASH_TOKEN"], retry=False)
store = httpx.Client(headers={"Authorization": f"Bearer {os.environ['FIRESTORE_TOKEN']}"})


@flask.get("/webhook")
def verify() -> str:
    if request.args.get("hub.verify_token") != os.environ["FB_VERIFY_TOKEN"]:
        abort(403)
    return request.args["hub.challenge"]


@flask.post("/webhook")
def receive() -> Response:
    secret: bytes = current_app.config["APP_SECRET"]
    mac = hmac.new(secret, request.get_data(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(request.headers.get("X-Hub-Signature-256", ""), f"sha256={mac}"):
        abort(403)
    response = Response("EVENT_RECEIVED", mimetype="text/plain")
    payload: dict[str, Any] = request.get_json()
    for entry in payload["entry"]:
        for item in entry.get("messaging", []):
            message = item.get("message", {})
            if "text" in message and not message.get("is_echo"):
                take(item["sender"]["id"], message["mid"], message["text"], response)
    return response


def take(sender: str, mid: str, text: str, response: Response) -> None:
    worker = current_app.config["WORKER"]

    def publish() -> None:
        queue.message.publish_json(
            url=worker, body={"sender": sender, "text": text}, deduplication_id=mid
        )

    if BUG == "on-close":
        response.call_on_close(publish)
    else:
        publish()
    record = {"fields": {"sender": {"stringValue": sender}}}
    store.patch(f"{current_app.config['RECORDS']}/{mid}", json=record).raise_for_status()


@flask.post("/worker")
def work() -> str:
    receiver = Receiver(
        os.environ["QSTASH_CURRENT_SIGNING_KEY"], os.environ["QSTASH_NEXT_SIGNING_KEY"]
    )
    receiver.verify(
        signature=request.headers["Upstash-Signature"],
        body=request.get_data(as_text=True),
        url=current_app.config["WORKER"],
    )
    job: dict[str, str] = request.get_json()
    sent = httpx.post(
        "https://graph.facebook.com/v23.0/me/messages",
        params={"access_token": os.environ["FB_PAGE_TOKEN"]},
        json={"recipient": {"id": job["sender"]}, "message": {"text": f"Re: {job['text']}"}},
    )
    sent.raise_for_status()
    return "done"


def adapted(name: str) -> Any:
    """The ASGI application around the WSGI one."""
    adapter: Any = WsgiToAsgi if name == "asgiref" else WSGIMiddleware
    return adapter(flask)


app = adapted(os.environ.get("ADAPTER", "a2wsgi"))

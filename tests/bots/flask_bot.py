"""Flask, served through an ASGI adapter, which runs it on worker threads: a2wsgi, or asgiref where
ADAPTER says so.

BUG=on-close: the publish is hung on the response's `call_on_close`, which runs after it was sent.
"""

import hashlib
import hmac
import os
from contextlib import suppress
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
    STORE=f"https://firestore.googleapis.com/v1/projects/{os.environ['FIRESTORE_PROJECT']}"
    "/databases/(default)/documents",
)
queue = QStash(os.environ["QSTASH_TOKEN"], retry=False)
# The SDK waits for ten minutes, and has no option for that.
queue.http._client.timeout = httpx.Timeout(4)
store = httpx.Client(
    headers={"Authorization": f"Bearer {os.environ['FIRESTORE_TOKEN']}"}, timeout=4
)


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
    for entry in parts(sent_json(), "entry"):
        for item in parts(entry, "messaging"):
            match item:
                case {"message": {"is_echo": True}}:
                    continue
                case {"sender": {"id": str(id)}, "message": {"mid": str(mid), "text": str(text)}}:
                    take(id, mid, text, response)
    return response


def sent_json() -> Any:
    try:
        return request.get_json()
    except RecursionError:
        abort(400)


def parts(value: Any, key: str) -> list[Any]:
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, list) else []


def take(sender: str, mid: str, text: str, response: Response) -> None:
    worker, record = current_app.config["WORKER"], document("processed", mid)
    if exists(record):
        return

    def publish() -> None:
        job = {"sender": sender, "mid": mid, "text": text}
        queue.message.publish_json(url=worker, body=job, deduplication_id=mid)

    if BUG == "on-close":
        response.call_on_close(publish)
    else:
        publish()
    store.patch(record, json={"fields": {"sender": {"stringValue": sender}}}).raise_for_status()


def document(collection: str, mid: str) -> str:
    return f"{current_app.config['STORE']}/{collection}/{mid}"


def exists(record: str) -> bool:
    found = store.get(record)
    if found.status_code != 404:
        found.raise_for_status()
    return found.status_code == 200


@flask.post("/worker")
def work() -> str:
    receiver = Receiver(
        os.environ["QSTASH_CURRENT_SIGNING_KEY"], os.environ["QSTASH_NEXT_SIGNING_KEY"]
    )
    try:
        receiver.verify(
            signature=request.headers["Upstash-Signature"],
            body=request.get_data().decode(),
            url=current_app.config["WORKER"],
        )
    except Exception:  # no token, no text, or no good token
        abort(401)
    match sent_json():
        case {"sender": str(sender), "mid": str(mid), "text": str(text)}:
            reply = {"recipient": {"id": sender}, "message": {"text": f"Re: {text}"}}
        case _:
            abort(400)
    record = document("answered", mid)
    if exists(record):
        return "answered before"
    sent = httpx.post(
        "https://graph.facebook.com/v23.0/me/messages",
        params={"access_token": os.environ["FB_PAGE_TOKEN"]},
        json=reply,
    )
    sent.raise_for_status()
    # An error now would have the reply sent again.
    with suppress(httpx.HTTPError):
        store.patch(record, json={})
    return "done"


def adapted(name: str) -> Any:
    """The ASGI application around the WSGI one."""
    adapter: Any = WsgiToAsgi if name == "asgiref" else WSGIMiddleware
    return adapter(flask)


app = adapted(os.environ.get("ADAPTER", "a2wsgi"))

"""A bot that looks closely at who calls and at what it is sent; the variable FLAW takes away one of
its guards.
"""

import base64
import hashlib
import hmac
import json
import os
from typing import Any

import httpx
import jwt
from qstash import Receiver
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

FLAW = os.environ.get("FLAW", "")
SECRET = os.environ["FB_APP_SECRET"].encode()
JOBS = os.environ["PUBLIC_URL"] + "/jobs"
KEYS = os.environ["QSTASH_CURRENT_SIGNING_KEY"], os.environ["QSTASH_NEXT_SIGNING_KEY"]

http = httpx.AsyncClient(timeout=4)
state = {"upset": False}


def is_from_the_platform(request: Request, body: bytes) -> bool:
    name, algorithm = "x-hub-signature-256", "sha256"
    if FLAW == "sha1":  # none at all, only old-fashioned
        name, algorithm = "x-hub-signature", "sha1"
    if FLAW == "rewritten":
        body = json.dumps(json.loads(body), separators=(",", ":"), ensure_ascii=False).encode()
    wanted = f"{algorithm}={hmac.new(SECRET, body, algorithm).hexdigest()}"
    given = request.headers[name] if FLAW == "key-error" else request.headers.get(name, "")
    if FLAW == "prefix":
        return given != "" and wanted.startswith(given)
    if FLAW == "if-signed":
        return given == "" or hmac.compare_digest(given, wanted)
    return hmac.compare_digest(given, wanted)


def is_from_the_queue(request: Request, body: bytes) -> bool:
    token = request.headers.get("upstash-signature", "")
    try:
        match FLAW:
            case "one-key":
                Receiver(KEYS[0], KEYS[0]).verify(signature=token, body=body.decode(), url=JOBS)
            case "any-address":
                Receiver(*KEYS).verify(signature=token, body=body.decode())
            case "any-time":
                claims = decoded(token, verify_exp=False)
                digest = base64.urlsafe_b64encode(hashlib.sha256(body).digest()).decode()
                return bool(claims["sub"] == JOBS and claims["body"] == digest)
            case "any-body":
                return bool(decoded(token)["sub"] == JOBS)
            case "any-algorithm" if jwt.get_unverified_header(token)["alg"] == "none":
                return True
            case _:
                Receiver(*KEYS).verify(signature=token, body=body.decode(), url=JOBS)
    except Exception:  # a token can be wrong in many ways
        return False
    return True


def decoded(token: str, *, verify_exp: bool = True) -> dict[str, Any]:
    try:
        return read(token, KEYS[0], verify_exp)
    except jwt.InvalidSignatureError:
        return read(token, KEYS[1], verify_exp)


def read(token: str, key: str, verify_exp: bool) -> dict[str, Any]:
    claims = jwt.decode(token, key, algorithms=["HS256"], options={"verify_exp": verify_exp})
    return dict(claims)


async def webhook(request: Request) -> Response:
    if request.method == "GET":
        if request.query_params.get("hub.verify_token") != os.environ["FB_VERIFY_TOKEN"]:
            return PlainTextResponse("no", 403)
        return PlainTextResponse(request.query_params["hub.challenge"])
    body = await request.body()
    if not is_from_the_platform(request, body):
        if FLAW == "polite":
            return PlainTextResponse("EVENT_RECEIVED")
        if FLAW == "late-look":
            await handle(body)
        return PlainTextResponse("no", 403)
    await handle(body)
    return PlainTextResponse("EVENT_RECEIVED")


async def handle(body: bytes) -> None:
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        state["upset"] = FLAW == "upset"
        return
    while FLAW == "endless" and payload == []:
        pass
    for entry in listed(payload, "entry"):
        for item in listed(entry, "messaging"):
            match item:
                case _ if state["upset"]:
                    return
                case {"message": {"is_echo": True}}:
                    continue
                case {"sender": {"id": str(to)}, "message": {"mid": str(mid), "text": str(text)}}:
                    await publish({"to": to, "text": text}, mid)
                case {"message": _} if FLAW == "eager":
                    await publish({"to": "", "text": ""}, "")
                case {"message": {"mid": mid}} if FLAW == "brittle":
                    await publish({"to": "", "text": ""}, mid + "")


def listed(value: Any, key: str) -> list[Any]:
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, list) else []


async def publish(job: dict[str, str], mid: str) -> None:
    answer = await http.post(
        f"https://qstash.upstash.io/v2/publish/{JOBS}",
        headers={
            "Authorization": f"Bearer {os.environ['QSTASH_TOKEN']}",
            "Upstash-Deduplication-Id": mid,
        },
        json=job,
    )
    answer.raise_for_status()


async def jobs(request: Request) -> Response:
    body = await request.body()
    if not is_from_the_queue(request, body):
        return PlainTextResponse("no", 500 if FLAW == "server-error" else 401)
    try:
        job = json.loads(body)
    except (ValueError, RecursionError):
        job = None
    match job:
        case {"to": str(to), "text": str(text)}:
            reply = {"recipient": {"id": to}, "message": {"text": text}}
        case {"to": to} if FLAW == "brittle-job":
            reply = {"recipient": {"id": to + ""}, "message": {"text": ""}}
        case _:
            return PlainTextResponse("no job", 400)
    page = {"Authorization": f"Bearer {os.environ['FB_PAGE_TOKEN']}"}
    sent = await http.post("https://graph.facebook.com/v23.0/me/messages", headers=page, json=reply)
    sent.raise_for_status()
    return PlainTextResponse("sent")


app = Starlette(
    routes=[
        Route("/webhook", webhook, methods=["GET", "POST"]),
        Route("/jobs", jobs, methods=["POST"]),
    ]
)

"""A Firestore in a world of its own, and a way to ask it over its REST surface."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from emulator.call import Call
from emulator.delivery import Delivery, Invocation
from emulator.exchange import Request
from emulator.firestore import Firestore
from emulator.kernel import Kernel

BASE = "https://firestore.googleapis.com/v1/projects/demo-thrice/databases/(default)/documents"


@pytest.fixture
def firestore() -> Firestore:
    return Firestore(Kernel())


@pytest.fixture
def request_for() -> Callable[..., Request]:
    """Builds a request from a method, a path below the documents root, and a body."""

    def build(
        method: str, path: str, body: object = None, *, token: str = "Bearer owner"
    ) -> Request:
        headers = (("Authorization", token),) if token else ()
        if body is None:
            sent = b""
        else:
            sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        url = path if path.startswith("https:") else BASE + path
        return Request(method, url, headers, sent)

    return build


@pytest.fixture
def ask(
    firestore: Firestore, request_for: Callable[..., Request]
) -> Callable[..., tuple[int, Any]]:
    """Sends a request as the harness; returns status and decoded JSON."""

    def send(
        method: str, path: str, body: object = None, *, token: str = "Bearer owner"
    ) -> tuple[int, Any]:
        reply = firestore.handle(request_for(method, path, body, token=token))
        assert reply.header("content-type") == "application/json; charset=UTF-8"
        return reply.status, json.loads(reply.body)

    return send


@pytest.fixture
def call_for() -> Callable[[Request, str], Call]:
    """Wraps a request into a call of the bot with a name, as the gate would."""

    def wrap(request: Request, name: str) -> Call:
        delivery = Delivery(
            name=name.partition("#")[0],
            kind="user",
            due=0.0,
            build=lambda: request,
            on_outcome=lambda outcome: None,
            timeout_s=20.0,
            roots=("u0",),
            generation=1,
        )
        return Call(
            name=name,
            invocation=Invocation(delivery, request, instance="i0", entry=0, started=0.0),
            request=request,
            service="firestore",
            access=Firestore(Kernel()).access(request),
            arrived=0.0,
            timeout_s=None,
            deliver_outcome=lambda outcome: None,
            entry=7,
        )

    return wrap

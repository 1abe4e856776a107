"""Requests made from the description of the API, and answers held against it."""

import json
from typing import Any

import requests
import schemathesis
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.core.transport import Response
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from emulator.exchange import Request
from emulator.qstash.openapi import document
from tests.qstash.support import API, BROKEN, CONSUMER, Bench

SCHEMA = schemathesis.openapi.from_dict(document())
OPERATIONS = {
    one.label: one
    for one in (result.ok() for result in SCHEMA.get_all_operations() if isinstance(result, Ok))
}
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]


class Furnished:
    """An account that has one of everything; `known` are its names by the part of a path."""

    def __init__(self) -> None:
        self.bench = bench = Bench(BROKEN)
        body = {"Upstash-Redact-Fields": "body,header[X]", "Upstash-Forward-X": "1"}
        bench.publish({"Upstash-Retries": "0", "Upstash-Callback": CONSUMER, **body}, b"\xff")
        bench.run()
        bench.send("POST", "/v2/queues", {"queueName": "q", "parallelism": 2, "paused": True})
        bench.ask("POST", f"/v2/enqueue/q/{CONSUMER}", {"Upstash-Label": "a,b"}, b"text")
        bench.send("POST", "/v2/topics/g/endpoints", {"endpoints": [{"url": CONSUMER}]})
        scheduled = {"Upstash-Cron": "* * * * *", "Upstash-Schedule-Id": "s"}
        bench.ask("POST", f"/v2/schedules/{CONSUMER}", {**scheduled, "Upstash-Delay": "3s"})
        flow = {"Upstash-Flow-Control-Key": "k", "Upstash-Flow-Control-Value": "rate=1"}
        message_id = bench.publish_id({"Upstash-Delay": "1h", "Upstash-Timeout": "5s", **flow})
        (letter,) = bench.qstash.dead_letters(count=1)[:1]
        self.known: dict[str, list[str]] = {
            "destination": [CONSUMER, "g", CONSUMER + "/?a=1"],
            "queue": ["q"],
            "group": ["g"],
            "message_id": [message_id],
            "schedule_id": ["s"],
            "dlq_id": [str(letter["dlqId"])],
            "key": ["k"],
        }

    def hold(self, case: Any, data: st.DataObject) -> int:
        """Send a request, in which names may be known ones, and hold the answer against the
        description; returns its status.
        """
        for name in case.path_parameters or {}:
            if name in self.known and data.draw(st.booleans()):
                case.path_parameters[name] = data.draw(st.sampled_from(self.known[name]))
        asked = requests.Request(**_sent(case.as_transport_kwargs(base_url=API))).prepare()
        reply = self.bench.qstash.handle(_request(asked, self.bench.qstash.token))
        headers = {name: [value] for name, value in reply.headers}
        response = Response(reply.status, headers, reply.body, asked, 0.0, verify=True)
        case.validate_response(response, checks=CHECKS)
        # Whatever it was, the account can still be read.
        self.bench.run(until=self.bench.kernel.clock.now + 120.0)
        for listed in ("events", "dlq", "queues", "schedules", "topics", "flowControl"):
            read = self.bench.ask("GET", f"/v2/{listed}")
            assert read.status == 200, read
            json.loads(read.body)
        return reply.status


def _sent(arguments: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in arguments.items() if name not in ("timeout", "verify")}


def _request(asked: requests.PreparedRequest, token: str) -> Request:
    body = asked.body or b""
    if isinstance(body, str):
        body = body.encode()
    assert isinstance(body, bytes)
    headers = [
        (_text(name), _text(value))
        for name, value in asked.headers.items()
        if _text(name).lower() != "authorization"
    ]
    headers.append(("Authorization", f"Bearer {token}"))
    return Request(asked.method or "GET", asked.url or "", tuple(headers), body)


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value

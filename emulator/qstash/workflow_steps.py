"""What a workflow run is given that no publish of its endpoint brings: waits, and steps by the
service itself.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from emulator.qstash.configured import passed
from emulator.qstash.fields import read_fields
from emulator.qstash.message import Message, Post, Publish
from emulator.qstash.refusal import Refused
from emulator.qstash.workflow_run import Invoker, Part


@dataclass(frozen=True, slots=True)
class Wait:
    """What somebody waits for: `step` is what the run gets, `asked` the request as it was."""

    event_id: str
    url: str
    timeout_s: float
    step: Mapping[str, object]
    asked: Mapping[str, object]
    headers: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Waiter:
    """A wait that is on, and the message that ends it."""

    wait: Wait
    message: Message
    deadline_s: int

    def shown(self) -> dict[str, object]:
        """As the API shows it; the deadline is in Unix seconds."""
        names = ("timeoutUrl", "timeoutBody", "timeoutHeaders")
        headers: dict[str, list[str]] = {}
        for name, value in self.wait.headers:
            headers.setdefault(name, []).append(value)
        return {
            "url": self.wait.url,
            "deadline": self.deadline_s,
            "headers": headers,
            **{name: self.wait.asked[name] for name in names if name in self.wait.asked},
        }


def step_message(
    run_id: str,
    url: str,
    headers: Iterable[tuple[str, str]],
    step: Mapping[str, object],
    *,
    kind: Literal["step", "wait"] = "step",
    delay_s: float = 0.0,
) -> Post:
    """The message by which the service itself gives a run a step."""
    fields = read_fields("", headers)
    header = passed(fields.forwarded)
    publish = Publish(
        url=url,
        method="POST",
        header=(*header, ("Content-Type", fields.content_type or "application/json")),
        delay_s=delay_s,
        retries=0,
        timeout_s=None,
        retry_delay=None,
        workflow=Part(
            run_id,
            kind,
            features=fields.config.get("upstash-feature-set", ""),
        ),
    )
    return Post(publish, to_json(step))


def unwrap(post: Post) -> tuple[Post, Invoker]:
    """The trigger inside an invocation, and who invokes; raises Refused (400) without them."""
    try:
        asked = json.loads(post.body)
        headers = tuple(
            (str(name), str(values[0])) for name, values in asked["headers"].items() if values
        )
        payload, step = asked.get("body"), dict(asked["step"])
        invoker = Invoker(
            run_id=str(asked["workflowRunId"]),
            created_ms=int(asked.get("workflowRunCreatedAt") or 0),
            url=str(asked["workflowUrl"]),
            headers=headers,
            step=step,
        )
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise Refused(400, "invalid body: must be an invocation of a workflow") from error
    body = payload if isinstance(payload, str) else "" if payload is None else json.dumps(payload)
    return post._replace(body=body.encode()), invoker


def to_json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()

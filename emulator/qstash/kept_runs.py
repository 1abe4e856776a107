"""Workflow runs and those who wait for events, as values for the file and back."""

from collections import deque
from typing import Any

from emulator.qstash.coded import encode
from emulator.qstash.message import Message
from emulator.qstash.workflow_run import Invoker, RawStep, Run, RunState
from emulator.qstash.workflow_steps import Wait, Waiter


def run_value(run: Run) -> str:
    invoker = run.invoker
    invoked = None
    if invoker is not None:
        invoked = (invoker.run_id, invoker.created_ms, invoker.url, invoker.headers, invoker.step)
    steps = tuple((one.message_id, one.content, one.call_type, one.created_ms) for one in run.steps)
    return encode(
        (
            *(run.number, run.asked, run.created_ms, run.generation, invoked, run.state.value),
            *(run.ended_ms, run.first_id, run.result, run.size_bytes, run.fetched_above_bytes),
            run.pending,
            *(steps, {name: tuple(come) for name, come in run.events.items()}),
        )
    )


def run_of(account: str, run_id: str, value: Any) -> Run:
    (number, asked, created_ms, generation, invoked, state, ended_ms) = value[:7]
    (first_id, result, size_bytes, fetched_above_bytes, pending, steps, events) = value[7:]
    return Run(
        id=run_id,
        number=number,
        asked=asked,
        created_ms=created_ms,
        roots=(),
        generation=generation,
        routes=(),
        cause=-1,
        name=f"{account}.{run_id}",
        invoker=None if invoked is None else Invoker(*invoked),
        state=RunState(state),
        ended_ms=ended_ms,
        first_id=first_id,
        result=result,
        size_bytes=size_bytes,
        fetched_above_bytes=fetched_above_bytes,
        pending=pending,
        steps=[RawStep(*step) for step in steps],
        events={name: deque(come) for name, come in events.items()},
    )


def waiter_value(waiter: Waiter) -> str:
    wait = waiter.wait
    return encode(
        (
            *(waiter.deadline_s, wait.event_id, wait.url, wait.timeout_s),
            *(dict(wait.step), dict(wait.asked), wait.headers),
        )
    )


def waiter_of(message: Message, value: Any) -> Waiter:
    return Waiter(Wait(*value[1:]), message, value[0])

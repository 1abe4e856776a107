"""The part of the HTTP surface for the dead letters of workflow runs: a run goes on in a new one,
from where it failed or from its beginning, and the failure function is told again.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from emulator.exchange import Failure, Outcome
from emulator.qstash import dlq
from emulator.qstash.configured import configured
from emulator.qstash.fields import Fields, read_fields, without
from emulator.qstash.message import DeadLetter, Post
from emulator.qstash.objects import log_cursor
from emulator.qstash.refusal import Refused
from emulator.qstash.surface import Handler, answer
from emulator.qstash.wire import read_again
from emulator.qstash.workflow_run import Run

if TYPE_CHECKING:
    from emulator.qstash.service import QStash

_CALLS = "source=workflow"
# What is not told of a letter: how its last attempt failed without a response.
_NO_RESPONSE = Failure("reset")

Shown = dict[str, object]


def list_dead(fake: "QStash", request: Request, body: bytes) -> Response:
    return dlq.listed(fake, _of_runs(request.url.query))


def delete_many(fake: "QStash", request: Request, body: bytes) -> Response:
    """Ids that are gone already, or of other messages, are no error."""
    letters, more = _select(fake, request, body, missing=False)
    for letter in letters:
        fake.engine.drop(letter)
    return answer({"deleted": len(letters), **more})


def get_dead(fake: "QStash", request: Request, body: bytes) -> Response:
    _named(fake, request)
    return dlq.get_dead(fake, request, body)


def delete_dead(fake: "QStash", request: Request, body: bytes) -> Response:
    fake.engine.drop(_named(fake, request))
    return Response()


def one_of(*, anew: bool) -> Handler:
    """Have a dead run go on in a new one, or begin `anew` there."""

    def handler(fake: "QStash", request: Request, body: bytes) -> Response:
        (shown,) = _go_on(fake, request, (_named(fake, request),), anew=anew)
        return answer(shown)

    return handler


def many_of(*, anew: bool) -> Handler:
    """The same for several; one id that names no letter is an error, and nothing is done."""

    def handler(fake: "QStash", request: Request, body: bytes) -> Response:
        letters, more = _select(fake, request, body, missing=True)
        # At the end of the pages the cursor is empty.
        return answer(
            {"cursor": "", **more, "workflowRuns": _go_on(fake, request, letters, anew=anew)}
        )

    return handler


def tell_again(fake: "QStash", request: Request, body: bytes) -> Response:
    """Have the failure function of a run told once more, and keep the letter of the run.

    It may also be named by the letter of the call that failed, which is sent again then.
    """
    letter = _named(fake, request)
    run = _run(letter)
    part = letter.message.publish.workflow
    if part is not None and part.kind == "failureCall":
        post = Post(letter.message.publish, letter.message.content)
        fake.intake.send_again(letter, post, request.scope["thrice.call"])
    else:
        outcome: Outcome = letter.reply if letter.reply is not None else _NO_RESPONSE
        if not fake.engine.report_again(letter, outcome):
            raise Refused(400, f"workflow run {run.id} has no failure function")
    return answer({"workflowRunId": run.id, "workflowCreatedAt": run.created_ms})


TABLE: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/v2/workflows/dlq", list_dead),
    ("DELETE", "/v2/workflows/dlq", delete_many),
    ("GET", "/v2/workflows/dlq/{dlq_id}", get_dead),
    ("DELETE", "/v2/workflows/dlq/{dlq_id}", delete_dead),
    ("POST", "/v2/workflows/dlq/resume", many_of(anew=False)),
    ("POST", "/v2/workflows/dlq/resume/{dlq_id}", one_of(anew=False)),
    ("POST", "/v2/workflows/dlq/restart", many_of(anew=True)),
    ("POST", "/v2/workflows/dlq/restart/{dlq_id}", one_of(anew=True)),
    ("POST", "/v2/workflows/dlq/callback/{dlq_id}", tell_again),
)


def _of_runs(query: str) -> str:
    return f"{query}&{_CALLS}" if query else _CALLS


def _named(fake: "QStash", request: Request) -> DeadLetter:
    letter = dlq.named(fake, request)
    if letter.message.publish.workflow is None:
        raise dlq.not_found(letter.id)
    return letter


def _select(
    fake: "QStash", request: Request, body: bytes, *, missing: bool
) -> tuple[list[DeadLetter], Shown]:
    """The letters that are asked for, and the cursor; with `missing` each id has to name one."""
    fields = _fields(request)
    selection = dlq.select(fake, _of_runs(fields.query), body)
    letters = [one for one in selection.letters if one.message.publish.workflow is not None]
    gone = [*selection.missing, *(one.id for one in selection.letters if one not in letters)]
    if missing and gone:
        raise dlq.not_found(gone[0])
    return letters, log_cursor(selection.more_after)


def _go_on(
    fake: "QStash", request: Request, letters: Sequence[DeadLetter], *, anew: bool
) -> list[Shown]:
    """Have dead runs go on, none of them when one is refused (400, 404)."""
    fields, terms, call = _fields(request), fake.terms(), request.scope["thrice.call"]
    # An older REST description lets the new run be named.
    named = fields.config.get("upstash-workflow-runid") if len(letters) == 1 else None
    if named and fake.engine.runs.find(named) is not None:
        raise Refused(400, f"workflow run {named} is there already")
    fields = without(fields, ("workflow-runid", "workflow-init"))
    asked = []
    for letter in letters:
        run = _dead_run(letter)
        publish = configured(replace(run.asked, delay_s=0), fields, terms)
        failed = None if anew else read_again(letter.message, fields, terms=terms, of_run=True)
        asked.append((letter, run, publish, failed))
    shown: list[Shown] = []
    for letter, run, publish, failed in asked:
        new_id = named or fake.intake.new_run_id(call, letter.message.name)
        post = fake.engine.runs.again(run, publish, failed, new_id)
        fake.intake.send_again(letter, post, call)
        new = fake.engine.runs.find(new_id)
        created_ms = fake.engine.now_ms if new is None else new.created_ms
        shown.append({"workflowRunId": new_id, "workflowCreatedAt": created_ms})
    return shown


def _dead_run(letter: DeadLetter) -> Run:
    part = letter.message.publish.workflow
    if part is not None and part.kind in ("toCallback", "failureCall"):
        raise Refused(400, f"dlq message {letter.id} is not the failed step of a workflow run")
    return _run(letter)


def _run(letter: DeadLetter) -> Run:
    run = letter.message.run
    if run is None:
        # Runs are kept for as long as there are not too many of them.
        raise Refused(404, f"workflow run of dlq message {letter.id} not found")
    return run


def _fields(request: Request) -> Fields:
    return read_fields(request.url.query, request.headers.items())

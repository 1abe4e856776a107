"""What the configuration headers of a message say, read one by one and judged by the plan."""

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from emulator.exchange import Headers
from emulator.qstash.expression import Expression, parse_expression
from emulator.qstash.fields import Fields, Options, canonical
from emulator.qstash.flow import FlowControl
from emulator.qstash.grammar import (
    parse_duration,
    parse_flow,
    parse_labels,
    parse_redact,
    parse_whole,
)
from emulator.qstash.message import Callback, Publish
from emulator.qstash.refusal import Refused
from emulator.qstash.workflow_run import read_part

if TYPE_CHECKING:
    from emulator.qstash.wire import Terms

METHODS = frozenset(
    {"GET", "POST", "PUT", "PATCH", "DELETE"}
)  # QStash REST description, Upstash-Method
DEFAULT_METHOD = "POST"

# They describe one connection or one body framing, and `Content-Type` counts only without the
# forward prefix.
_NEVER_FORWARDED = frozenset(
    {
        "connection",
        "content-length",
        "content-type",
        "expect",
        "host",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)


def configured(default: Publish, fields: Fields, terms: "Terms") -> Publish:
    """The message with everything that is configured, and `default` for the rest; raises Refused
    when something is not valid.
    """
    config = fields.config
    options = Options(config)
    # Most messages say little, and most messages are published again and again: what is not said is
    # not read.
    said: dict[str, Any] = {}
    if "upstash-method" in config:
        said["method"] = _method(options, default.method)
    if "upstash-not-before" in config or "upstash-delay" in config:
        said["delay_s"] = _not_before(options, default.delay_s, terms)
    if "upstash-retries" in config:
        said["retries"] = _retries(options, default.retries, terms)
    if "upstash-timeout" in config:
        said["timeout_s"] = _timeout(options, default.timeout_s)
    if "upstash-retry-delay" in config:
        said["retry_delay"] = _retry_delay(options, default.retry_delay, terms)
    if "upstash-label" in config:
        said["labels"] = parse_labels(config["upstash-label"])
    if "upstash-callback" in config or default.callback is not None:
        said["callback"] = _callback(options, "callback", default.callback, terms)
    if "upstash-failure-callback" in config or default.failure_callback is not None:
        failed = default.failure_callback
        said["failure_callback"] = _callback(options, "failure-callback", failed, terms)
    if "upstash-flow-control-key" in config or "upstash-flow-control-value" in config:
        said["flow"] = _flow(options, default.flow)
    if "upstash-redact-fields" in config:
        said["redact"] = options.value("redact-fields", parse_redact, default=default.redact)
    if "upstash-workflow-runid" in config or "upstash-workflow-init" in config:
        said["workflow"] = read_part(options) or default.workflow
    return replace(default, **said) if said else default


def _callback(
    parent: Options, name: str, default: Callback | None, terms: "Terms"
) -> Callback | None:
    """A callback as configured; values that mean nothing for one are no error."""
    url = parent.text(name) or (default.url if default is not None else "")
    if not url:
        return None
    terms.check_destination(url)
    options = parent.below(name)
    if default is None:
        default = Callback(
            url=url,
            method=DEFAULT_METHOD,
            header=(),
            delay_s=0,
            retries=None,
            timeout_s=None,
            retry_delay=None,
        )
    retries = default.retries
    if options.text("retries") is not None:
        retries = _retries(options, 0, terms)
    failure_callback = default.failure_callback
    if name == "callback":
        failure_callback = _callback(options, "failure-callback", failure_callback, terms)
    return Callback(
        url=url,
        method=_method(options, default.method),
        header=override(default.header, passed(options.forwarded())),
        delay_s=_delay(options, default.delay_s, terms),
        retries=retries,
        timeout_s=_timeout(options, default.timeout_s),
        retry_delay=_retry_delay(options, default.retry_delay, terms),
        failure_callback=failure_callback,
        flow=_flow(options, default.flow),
        workflow=read_part(options) or default.workflow,
    )


def _method(options: Options, default: str) -> str:
    method = options.value("method", str.upper, default=default)
    if method not in METHODS:
        raise options.invalid("method", f"'{method}' is none of {', '.join(sorted(METHODS))}")
    return method


def _retries(options: Options, default: int, terms: "Terms") -> int:
    retries = options.value("retries", parse_whole, default=default)
    if retries > terms.plan.max_retries:
        raise Refused(
            terms.switches.max_retries_status,
            f"quota maxRetries exceeded, current limit: {terms.plan.max_retries}",
        )
    return retries


def _retry_delay(options: Options, default: Expression | None, terms: "Terms") -> Expression | None:
    extended = terms.switches.extended_expressions
    return options.value(
        "retry-delay", lambda text: parse_expression(text, extended=extended), default=default
    )


def _flow(options: Options, default: FlowControl | None) -> FlowControl | None:
    """The limits of a key; one without the other is not valid."""
    key, value = options.text("flow-control-key"), options.text("flow-control-value")
    if key is None and value is None:
        return default
    if not key:
        raise options.invalid("flow-control-key", "is needed with Upstash-Flow-Control-Value")
    if not value:
        raise options.invalid("flow-control-value", "is needed with Upstash-Flow-Control-Key")
    return options.value("flow-control-value", lambda text: parse_flow(key, text), default=default)


def _timeout(options: Options, default: float | None) -> float | None:
    timeout_s = options.value("timeout", parse_duration, default=None)
    if timeout_s == 0:
        raise options.invalid("timeout", "must be greater than zero")
    return default if timeout_s is None else timeout_s


def _not_before(options: Options, default: float, terms: "Terms") -> float:
    """The delay, from an absolute time when there is one."""
    not_before = options.value("not-before", parse_whole, default=None)
    if not_before is None:
        return _delay(options, default, terms)
    # Whole microseconds, because Unix times are too large for a float to hold more.
    return _within_plan(max(0.0, round(not_before - terms.unix(), 6)), terms)


def _delay(options: Options, default: float, terms: "Terms") -> float:
    return _within_plan(options.value("delay", parse_duration, default=default), terms)


def _within_plan(delay_s: float, terms: "Terms") -> float:
    if delay_s > terms.plan.max_delay_s:
        raise Refused(400, f"quota maxDelay exceeded, current limit: {terms.plan.max_delay_s}")
    return delay_s


def passed(pairs: Iterable[tuple[str, str]]) -> Headers:
    """What of these headers is passed on, under canonical names."""
    return tuple(
        (canonical(name), value) for name, value in pairs if name and name not in _NEVER_FORWARDED
    )


def override(header: Headers, by: Headers) -> Headers:
    """The headers, those in `by` instead of their namesakes."""
    named = {name for name, _ in by}
    return (*by, *(pair for pair in header if pair[0] not in named)) if by else header

"""Tasks and queues as the JSON of their protobuf messages, and read from it."""

import base64
import re
from collections.abc import Mapping
from typing import Literal
from urllib.parse import quote, urlsplit

from emulator.cloudtasks.errors import NotServedError, invalid
from emulator.cloudtasks.given import Given, shown_duration, shown_time
from emulator.cloudtasks.names import check_queue, queue_of
from emulator.cloudtasks.rules import RateLimits, RetryConfig, Rules
from emulator.cloudtasks.task import (
    Attempt,
    HttpCall,
    NewTask,
    OAuthToken,
    OidcToken,
    Task,
    TaskQueue,
)
from emulator.exchange import Headers

Shown = dict[str, object]
View = Literal["BASIC", "FULL"]

METHODS = ("HTTP_METHOD_UNSPECIFIED", "POST", "GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS")
VIEWS = ("VIEW_UNSPECIFIED", "BASIC", "FULL")
# Every printable character of ASCII: what is escaped already stays as it is.
_OF_A_URL = "".join(map(chr, range(0x21, 0x7F)))
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
# Assumed of an account's name: what an e-mail address is.
_ACCOUNT = re.compile(r"[^@\s]+@[^@\s]+")
_TOKEN_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# Reference, OAuthToken: without a scope it is this one.
_USUAL_SCOPE = "https://www.googleapis.com/auth/cloud-platform"


def read_task(given: Given | None, parent: str, rules: Rules, now: float) -> NewTask:
    """What a task asks for; `now` is in unix seconds. Raises RefusedError, and NotServedError for
    an App Engine task.
    """
    check_queue(parent)
    if given is None:
        raise invalid("Task must be specified.")
    name = given.text("name")
    if name and queue_of(name) != parent:
        raise invalid("The queue name from request parent and task name do not match.")
    if given.has("appEngineHttpRequest"):
        raise NotServedError("tasks for App Engine (appEngineHttpRequest)")
    http = given.part("httpRequest")
    if http is None:
        raise invalid("Task must have one of http_request or app_engine_http_request set.")
    call = _read_call(http, rules)
    schedule = given.timestamp("scheduleTime")
    if schedule is not None and schedule > now + rules.max_ahead_s:
        hours = rules.max_ahead_s / 3_600
        raise invalid(f"The task's schedule_time must be no more than {hours:g}h in the future.")
    deadline = given.duration("dispatchDeadline", None)
    low, high = rules.deadlines_s
    if deadline is not None and not low <= deadline <= high:
        raise invalid(
            "Task.dispatchDeadline must be between [15s, 30m] for tasks with HTTP targets."
        )
    retry = given.part("retryConfig")
    given.ignore(
        "createTime", "dispatchCount", "responseCount", "firstAttempt", "lastAttempt", "view"
    )
    given.end()
    return NewTask(
        queue=parent,
        call=call,
        name=name,
        schedule_unix=schedule,
        deadline_s=rules.usual_deadline_s if deadline is None else deadline,
        retry=None if retry is None else _read_retry(retry, RetryConfig()),
    )


def _read_call(given: Given, rules: Rules) -> HttpCall:
    url = _encoded(given.text("url"))
    if len(url) > rules.max_url:
        raise invalid(f"HttpRequest.url must be no longer than {rules.max_url} characters.")
    method = given.choice("httpMethod", METHODS, "POST")
    headers = _read_headers(given.texts("headers"), rules)
    body = given.content("body")
    if body and method not in _WITH_BODY:
        raise invalid("HTTP request body is only allowed for HTTP POST, PUT and PATCH requests.")
    size = len(url) + len(body) + sum(len(name) + len(value) for name, value in headers)
    if size > rules.max_task_bytes:
        # Observed, but for the numbers.
        raise invalid(f"Task size too large. Size: {size} bytes, limit: {rules.max_task_bytes}.")
    oidc, oauth = given.part("oidcToken"), given.part("oauthToken")
    if oidc is not None and oauth is not None:
        raise invalid(
            "Invalid value at 'task.http_request' (oneof), oneof field 'authorization_header' is "
            "already set. Cannot set 'oidcToken'"
        )
    token: OidcToken | OAuthToken | None = None
    if oidc is not None:
        token = OidcToken(_account(oidc), oidc.text("audience"))
        oidc.end()
    elif oauth is not None:
        token = OAuthToken(_account(oauth), oauth.text("scope"))
        oauth.end()
    given.end()
    return HttpCall(url, method, headers, body, token)


def _encoded(url: str) -> str:
    """The address, with what no address may hold escaped; raises RefusedError for what is none."""
    if not url.lower().startswith(("http://", "https://")):
        raise invalid("HttpRequest.url must start with 'http://' or 'https://'.")
    encoded = quote(url, safe=_OF_A_URL)
    try:
        parts = urlsplit(encoded)
        _ = parts.port
    except ValueError:
        parts = None
    if parts is None or not parts.hostname:
        raise invalid("HttpRequest.url is not a valid URL.")
    return encoded


def _read_headers(given: Mapping[str, str], rules: Rules) -> Headers:
    for name, value in given.items():
        if not _TOKEN_NAME.fullmatch(name) or any(bad in value for bad in "\r\n\0"):
            raise invalid(f"HttpRequest.headers has a header that can not be sent: {name!r}.")
    if sum(len(name) + len(value) for name, value in given.items()) > rules.max_header_bytes:
        raise invalid("HttpRequest.headers must be smaller than 80KB.")
    return tuple(given.items())


def _account(given: Given) -> str:
    account = given.text("serviceAccountEmail")
    if not _ACCOUNT.fullmatch(account):
        raise invalid("service_account_email must be set to a valid service account.")
    return account


def _read_retry(given: Given, default: RetryConfig) -> RetryConfig:
    retry = RetryConfig(
        max_attempts=given.whole("maxAttempts", 0) or default.max_attempts,
        max_retry_duration_s=given.duration("maxRetryDuration", None)
        or default.max_retry_duration_s,
        min_backoff_s=_positive(given, "minBackoff", default.min_backoff_s),
        max_backoff_s=_positive(given, "maxBackoff", default.max_backoff_s),
        max_doublings=given.whole("maxDoublings", default.max_doublings),
    )
    given.end()
    if retry.max_attempts < -1:
        raise invalid("RetryConfig.maxAttempts must be -1 or greater.")
    if retry.max_retry_duration_s < 0 or retry.max_doublings < 0:
        raise invalid("RetryConfig must have no negative values.")
    if retry.min_backoff_s > retry.max_backoff_s:
        raise invalid("RetryConfig.minBackoff must not be greater than RetryConfig.maxBackoff.")
    return retry


def _positive(given: Given, name: str, default: float) -> float:
    seconds = given.duration(name, None)
    if seconds is None:
        return default
    if seconds < 0:
        raise invalid(f"RetryConfig.{name} must not be negative.")
    return seconds


def read_queue(given: Given, name: str, rules: Rules, before: TaskQueue | None = None) -> TaskQueue:
    """A queue, with what is not said as it was `before`, or as for a new one. Raises RefusedError,
    and NotServedError for overrides of all its tasks.
    """
    usual = before or TaskQueue(name)
    for field in ("httpTarget", "appEngineRoutingOverride"):
        if given.has(field):
            raise NotServedError(f"queues with {field}")
    rates, retry = given.part("rateLimits"), given.part("retryConfig")
    logging = given.part("stackdriverLoggingConfig")
    queue = TaskQueue(
        name,
        rates=usual.rates if rates is None else _read_rates(rates, usual.rates, rules),
        retry=usual.retry if retry is None else _read_retry(retry, usual.retry),
        sampling_ratio=usual.sampling_ratio
        if logging is None
        else logging.number("samplingRatio", 0.0),
    )
    given.ignore("name", "state", "purgeTime")
    given.end()
    return queue


def _read_rates(given: Given, default: RateLimits, rules: Rules) -> RateLimits:
    rates = RateLimits(
        max_dispatches_per_second=given.number("maxDispatchesPerSecond", 0.0)
        or default.max_dispatches_per_second,
        max_concurrent_dispatches=given.whole("maxConcurrentDispatches", 0)
        or default.max_concurrent_dispatches,
    )
    given.ignore("maxBurstSize")
    given.end()
    if not 0 < rates.max_dispatches_per_second <= rules.max_rate:
        raise invalid(
            "Queue.rateLimits.maxDispatchesPerSecond must be positive and at most "
            f"{rules.max_rate:g}."
        )
    if not 0 < rates.max_concurrent_dispatches <= rules.max_concurrent:
        raise invalid(
            "Queue.rateLimits.maxConcurrentDispatches must be positive and at most "
            f"{rules.max_concurrent}."
        )
    return rates


def show_task(task: Task, view: View, scheduled_unix: float) -> Shown:
    """A task, next attempted at `scheduled_unix`; its body in the full view only."""
    new, call = task.new, task.new.call
    http: Shown = {"url": call.url, "httpMethod": call.method}
    if call.headers:
        http["headers"] = dict(call.headers)
    if call.body and view == "FULL":
        http["body"] = base64.b64encode(call.body).decode()
    match call.token:
        case OidcToken(account, audience):
            # Reference, OidcToken: without an audience it is the URL.
            http["oidcToken"] = {
                "serviceAccountEmail": account,
                "audience": audience or call.url,
            }
        case OAuthToken(account, scope):
            http["oauthToken"] = {
                "serviceAccountEmail": account,
                "scope": scope or _USUAL_SCOPE,
            }
    shown: Shown = {
        "name": task.name,
        "httpRequest": http,
        "scheduleTime": shown_time(scheduled_unix),
        # Reference, Task: truncated to the second.
        "createTime": shown_time(float(int(task.created_unix))),
        "dispatchDeadline": shown_duration(new.deadline_s),
        "view": view,
    }
    if task.dispatches:
        shown["dispatchCount"] = task.dispatches
    if task.responses:
        shown["responseCount"] = task.responses
    if task.first is not None:
        # Reference, Task: of the first attempt nothing else is kept.
        shown["firstAttempt"] = {"dispatchTime": shown_time(task.first.dispatched)}
    if task.last is not None:
        shown["lastAttempt"] = _show_attempt(task.last)
    if new.retry is not None:
        shown["retryConfig"] = _show_retry(new.retry)
    return shown


def _show_attempt(attempt: Attempt) -> Shown:
    shown: Shown = {
        "scheduleTime": shown_time(attempt.scheduled),
        "dispatchTime": shown_time(attempt.dispatched),
    }
    if attempt.responded is not None:
        shown["responseTime"] = shown_time(attempt.responded)
    if attempt.code:
        shown["responseStatus"] = {"code": attempt.code, "message": attempt.message}
    return shown


def _show_retry(retry: RetryConfig) -> Shown:
    shown: Shown = {
        "maxAttempts": retry.max_attempts,
        "minBackoff": shown_duration(retry.min_backoff_s),
        "maxBackoff": shown_duration(retry.max_backoff_s),
        "maxDoublings": retry.max_doublings,
    }
    if retry.max_retry_duration_s:
        shown["maxRetryDuration"] = shown_duration(retry.max_retry_duration_s)
    return shown


def show_queue(queue: TaskQueue) -> Shown:
    """A queue."""
    shown: Shown = {
        "name": queue.name,
        "rateLimits": {
            "maxDispatchesPerSecond": queue.rates.max_dispatches_per_second,
            "maxBurstSize": queue.rates.max_burst_size,
            "maxConcurrentDispatches": queue.rates.max_concurrent_dispatches,
        },
        "retryConfig": _show_retry(queue.retry),
        "state": queue.state,
    }
    if queue.purged_unix is not None:
        shown["purgeTime"] = shown_time(queue.purged_unix)
    if queue.sampling_ratio is not None:
        shown["stackdriverLoggingConfig"] = {"samplingRatio": queue.sampling_ratio}
    return shown

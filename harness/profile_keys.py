"""The tables and keys a profile may hold, and what each accepts; reading files is not for here."""

import difflib
import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from harness.forecast import CLOUD_TASKS_PLANS, PLANS, SQS_PLANS
from harness.platforms import PLATFORMS, in_order
from harness.queue_kinds import QUEUE_KINDS
from harness.template import VARIABLES, names_in

# The platform disables a webhook that fails for an hour (Messenger Platform docs, "Webhooks").
RECOVERED_WITHIN_S = 3_600
LONGEST_TIMEOUT_S = 900  # AWS Lambda docs, "Configure Lambda function timeout": at most 15 minutes


@dataclass(frozen=True, slots=True)
class HostLimits:
    """What a kind of host allows: seconds for an invocation, and requests at once on an instance,
    of which it takes `usual` unless it is told otherwise.
    """

    timeout_s: int
    concurrency: int
    usual: int


HOSTS: Mapping[str, HostLimits] = {
    "lambda": HostLimits(LONGEST_TIMEOUT_S, 1, 1),
    "vercel": HostLimits(800, 1, 1),  # Vercel docs, "Max duration": on Pro and Enterprise
    "vercel-fluid": HostLimits(800, 1_000, 10),
    "cloud-run": HostLimits(3_600, 1_000, 80),  # Cloud Run docs, "Request timeout", "Concurrency"
    "always-on": HostLimits(3_600, 10_000, 1_000),
}

# Addresses that the world's own fakes answer, so that no stub may take their place.
FAKED_HOSTS = (
    "firestore.googleapis.com",
    "graph.facebook.com",
    "qstash.upstash.io",
    "qstash-eu-central-1.upstash.io",
    "qstash-us-east-1.upstash.io",
    "thrice-demo-30321.upstash.io",
)
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class Wrong(ValueError):
    """What is wrong with a value, as it reads after the name of its key."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a table.

    `read` returns the value as the profile keeps it, or raises Wrong; `example` is a line of TOML
    that is right.
    """

    read: Callable[[object], object]
    example: str


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant."""
    return next(iter(difflib.get_close_matches(word, list(known), n=1)), None)


def quoted(text: str) -> str:
    """A string as TOML writes it."""
    return json.dumps(text, ensure_ascii=False)


def type_name(value: object) -> str:
    """The TOML type of a value, with its article."""
    names = {
        bool: "a boolean",
        int: "a whole number",
        float: "a number",
        str: "a string",
        list: "an array",
    }
    return names.get(type(value)) or ("a table" if isinstance(value, dict) else "a date or time")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise Wrong(f"has to be a string, not {type_name(value)}")
    return value


def _whole(low: int, high: int) -> Callable[[object], int]:
    def read(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise Wrong(f"has to be a whole number, not {type_name(value)}")
        if not low <= value <= high:
            raise Wrong(f"{value} is out of range, it has to be from {low} to {high:,}")
        return value

    return read


def _seconds(high: float, *, or_none: bool = False) -> Callable[[object], float]:
    """A number of seconds, above 0 unless `or_none`."""

    def read(value: object) -> float:
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise Wrong(f"has to be a number of seconds, not {type_name(value)}")
        if not (0 < value <= high or (or_none and value == 0)):
            low = "at least 0" if or_none else "above 0"
            raise Wrong(f"{value} is out of range, it has to be {low} and at most {high:g}")
        return float(value)

    return read


def _recovery(value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise Wrong(f"has to be a number of seconds, not {type_name(value)}")
    if not 0 < value < RECOVERED_WITHIN_S:
        raise Wrong(
            f"{value} is out of range, it has to be above 0 and below {RECOVERED_WITHIN_S:,}: the "
            "platform disables a webhook that fails for an hour"
        )
    return float(value)


def _one_of(*options: str) -> Callable[[object], str]:
    def read(value: object) -> str:
        text = _text(value)
        if text not in options:
            near = nearest(text, options)
            hint = f", did you mean {quoted(near)}?" if near else ""
            raise Wrong(
                f"{quoted(text)} is unknown{hint}\n  known: {', '.join(map(quoted, options))}"
            )
        return text

    return read


def app(value: object) -> str:
    """`module:attribute` of an ASGI application; `()` behind it is that of a factory, `(http)` that
    of one which takes its HTTP client by this keyword.
    """
    text = _text(value)
    name = r"[^\W\d]\w*(\.[^\W\d]\w*)*"
    if not re.fullmatch(rf"{name}:{name}(\(([^\W\d]\w*)?\))?", text):
        raise Wrong(f"{quoted(text)} is not of the form module:attribute")
    return text


def _words(value: object) -> str:
    text = _text(value)
    if not text.strip():
        raise Wrong("has to be a text that is not blank")
    return text


def _command(value: object) -> str:
    text = _text(value)
    if not text.strip() or "\0" in text:
        raise Wrong("has to be a command for the shell, without null characters")
    return text


def _served(value: object) -> str:
    """The origin at which a bot runs on this machine, or near it."""
    origin = _origin(value)
    if origin.startswith("https:"):
        raise Wrong(f"{quoted(origin)} has to be http: thrice does not speak TLS to a bot")
    return origin


def _ports(value: object) -> tuple[int, ...]:
    if not isinstance(value, list) or len(value) != 4:
        raise Wrong(
            "has to be an array of four ports: for the queue, the platform, the store, and "
            "the bot itself"
        )
    ports = tuple(_whole(1, 65_535)(port) for port in value)
    if len(set(ports)) < len(ports):
        raise Wrong("has to be four different ports")
    return ports


def _route(value: object) -> str:
    text = _text(value)
    if not text.startswith("/"):
        raise Wrong(f'{quoted(text)} has to begin with "/"')
    if re.search(r"[\s?#]", text) or text.startswith("//"):
        raise Wrong(f"{quoted(text)} has to be a path only, with no host, query, fragment or space")
    return text


def platforms(value: object) -> tuple[str, ...]:
    """In the order in which they are judged, however they are written."""
    if not isinstance(value, list) or not value:
        raise Wrong("has to be an array of platforms, with one at least")
    names = [_one_of(*PLATFORMS)(name) for name in value]
    if len(set(names)) < len(names):
        raise Wrong("names a platform twice")
    return in_order(names)


def _webhooks(value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        raise Wrong(f"has to be a table of platforms and routes, not {type_name(value)}")
    return {_one_of(*PLATFORMS)(name): _route(route) for name, route in value.items()}


def _origin(value: object) -> str:
    text = _text(value)
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise Wrong(f"is not a URL: {error}") from None
    if parts.username is not None or parts.password is not None:
        raise Wrong("must not carry a user name or a password")
    if parts.scheme not in ("http", "https") or not parts.hostname or re.search(r"\s", text):
        raise Wrong(f"{quoted(text)} has to be an http or https URL with a host")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise Wrong(
            f"{quoted(text)} has to end with the host or port; routes have keys of their own"
        )
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}" + (f":{port}" if port is not None else "")


def _named(value: object) -> str:
    text = _text(value)
    if not text:
        raise Wrong("is empty")
    return text


def collection(text: str) -> str:
    """The path of a collection of Firestore; raises Wrong for anything else."""
    parts = text.split("/")
    # Firestore docs, "Data model": collections and documents take turns in a path.
    if not all(parts) or len(parts) % 2 == 0:
        raise Wrong(f"{quoted(text)} is not the path of a collection")
    return text


def _host(value: object) -> str:
    text = _text(value).lower()
    label = "[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?"
    if text.startswith("*") and not re.fullmatch(rf"\*\.{label}(\.{label})+", text):
        raise Wrong(f"{quoted(text)} has to be * and a domain of two names or more, without a port")
    if not re.fullmatch(rf"(\*\.)?{label}(\.{label})*(:[0-9]{{1,5}})?", text):
        raise Wrong(f"{quoted(text)} has to be a host only, without a scheme, path or user name")
    name, _, port = text.partition(":")
    if port and not 0 < int(port) <= 65_535:
        raise Wrong(f"{quoted(text)} has a port out of range, it has to be from 1 to 65,535")
    if name in FAKED_HOSTS:
        raise Wrong(f"{quoted(text)} is part of every world already; take this table out")
    return text


def _path_pattern(value: object) -> str:
    text = _text(value)
    if not text.startswith("/"):
        raise Wrong(f'{quoted(text)} has to begin with "/"')
    if not re.fullmatch(r"[!-~]*", text) or re.search(r"[?#]", text):
        raise Wrong(f"{quoted(text)} has to be a path as it is sent, without query or fragment")
    return text


def _headers(value: object) -> tuple[tuple[str, str], ...]:
    """Names and values; values are never quoted, they may be secrets."""
    if not isinstance(value, dict):
        raise Wrong(f"has to be a table, not {type_name(value)}")
    for name, content in value.items():
        if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name):
            raise Wrong(f"{quoted(name)} can not name a header")
        if name.lower() in ("content-length", "transfer-encoding"):
            raise Wrong(f"{name} follows from the body; take it out")
        if not isinstance(content, str):
            raise Wrong(f"{name} has to be a string, not {type_name(content)}")
        if not re.fullmatch(r"([!-~]([ \t!-~]*[!-~])?)?", content):
            raise Wrong(f"{name} has to be printable ASCII, without blanks around it")
    return tuple(value.items())


def _json_value(value: object) -> bytes:
    """The body that a table or an array stands for."""
    if not isinstance(value, dict | list):
        raise Wrong(f"has to be a table or an array, not {type_name(value)}")
    _refuse_what_json_has_not(value)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _refuse_what_json_has_not(value: object) -> None:
    inner: Iterable[object] = ()
    if isinstance(value, dict):
        inner = value.values()
    elif isinstance(value, list):
        inner = value
    elif isinstance(value, float) and not math.isfinite(value):
        raise Wrong(f"holds {value}, which JSON can not")
    elif not isinstance(value, str | int | float):
        raise Wrong(f"holds {type_name(value)}, which JSON can not; write it as a string")
    for one in inner:
        _refuse_what_json_has_not(one)


def env_name(name: str) -> None:
    """Raise Wrong unless an environment variable can have this name."""
    if not name or "=" in name or "\0" in name:
        raise Wrong(
            'can not name an environment variable: it is empty or holds "=" or a null character'
        )


def env_value(value: object) -> str:
    """A template of known variables; what surrounds them is never quoted, it may be a secret."""
    text = _text(value)
    if "\0" in text:
        raise Wrong("holds a null character, which no environment variable can")
    try:
        names = names_in(text)
    except ValueError as error:
        raise Wrong(f"{error}; braces that are no variable are written {{{{ and }}}}") from None
    for name in names:
        if name not in VARIABLES:
            near = nearest(name, VARIABLES)
            hint = f", did you mean {{{near}}}?" if near else ""
            known = ", ".join(f"{{{known}}}" for known in VARIABLES)
            raise Wrong(f"unknown variable {{{name}}}{hint}\n  known: {known}")
    return text


TABLES: Mapping[str, Mapping[str, Key]] = {
    "bot": {
        "app": Key(app, 'app = "mybot.main:app"'),
        "command": Key(_command, 'command = "npm start"'),
        "url": Key(_served, 'url = "http://127.0.0.1:3000"'),
        "platforms": Key(platforms, 'platforms = ["messenger", "whatsapp"]'),
        "webhook": Key(_route, 'webhook = "/api/messenger"'),
        "webhooks": Key(_webhooks, 'webhooks = { whatsapp = "/api/whatsapp" }'),
        "consumer": Key(_route, 'consumer = "/api/process-message"'),
        "public_url": Key(_origin, 'public_url = "https://my-bot.example.com"'),
        "start_limit_s": Key(_seconds(LONGEST_TIMEOUT_S), "start_limit_s = 60"),
        "ports": Key(_ports, "ports = [8080, 8091, 8092, 8093]"),
        "call_timeout_s": Key(_seconds(LONGEST_TIMEOUT_S), "call_timeout_s = 3"),
        "clock": Key(_one_of("node", "libfaketime", "own"), 'clock = "libfaketime"'),
    },
    "host": {
        "kind": Key(_one_of(*HOSTS), 'kind = "lambda"'),
        "instances": Key(_whole(1, 1_000), "instances = 4"),
        "max_instances": Key(_whole(1, 10_000), "max_instances = 100"),
        "concurrency": Key(_whole(1, 10_000), "concurrency = 1"),
        "timeout_s": Key(_seconds(3_600), "timeout_s = 30"),
        "leftovers": Key(_one_of("late", "answered", "dropped"), 'leftovers = "dropped"'),
    },
    "store": {
        "kind": Key(_one_of("firestore", "upstash", "redis"), 'kind = "firestore"'),
        "dedup": Key(_named, 'dedup = "processedMessages"'),
        "seed": Key(_text, 'seed = "tests/seed.json"'),
        "commands_used": Key(_whole(0, 1_000_000_000), "commands_used = 499_000"),
        "server": Key(_one_of("built-in", "redis-server"), 'server = "built-in"'),
    },
    "queue": {
        "kind": Key(_one_of(*QUEUE_KINDS), 'kind = "qstash"'),
        "visibility_s": Key(_whole(1, 43_200), "visibility_s = 30"),
        "max_receives": Key(_whole(1, 1_000), "max_receives = 5"),
    },
    "expect": {
        "publishes": Key(_whole(0, 100), "publishes = 1"),
        "replies": Key(_whole(0, 100), "replies = 1"),
    },
    "limits": {
        "messages_per_user_minute": Key(_whole(1, 10_000), "messages_per_user_minute = 10"),
        "excess": Key(_one_of("delay", "notice", "drop-with-reply"), 'excess = "delay"'),
        "notice": Key(_words, 'notice = "too many messages"'),
        "publishes_per_hour": Key(_whole(1, 1_000_000), "publishes_per_hour = 200"),
        "breaker_recovery_s": Key(_recovery, "breaker_recovery_s = 600"),
    },
    "plan": {
        "qstash": Key(_one_of(*PLANS), 'qstash = "free"'),
        "cloudtasks": Key(_one_of(*CLOUD_TASKS_PLANS), 'cloudtasks = "free"'),
        "sqs": Key(_one_of(*SQS_PLANS), 'sqs = "free"'),
        "messages_per_month": Key(_whole(1, 1_000_000_000), "messages_per_month = 300"),
    },
}

# One [[services]] table has these, and those of its answer, or `answers` with several.
SERVICE: Mapping[str, Key] = {
    "host": Key(_host, 'host = "api.openai.com"'),
    "method": Key(_one_of(*METHODS), 'method = "POST"'),
    "path": Key(_path_pattern, 'path = "/v1/chat/*"'),
}

ANSWER: Mapping[str, Key] = {
    "status": Key(_whole(200, 599), "status = 200"),
    "body": Key(_text, 'body = "tests/completion.json"'),
    "json": Key(_json_value, "json = { id = 1, choices = [] }"),
    "headers": Key(_headers, 'headers = { retry-after = "1" }'),
    "latency_s": Key(_seconds(LONGEST_TIMEOUT_S, or_none=True), "latency_s = 0.8"),
    "fault": Key(_one_of("refused", "timeout", "reset"), 'fault = "timeout"'),
}

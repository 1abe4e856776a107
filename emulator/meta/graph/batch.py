"""Several calls in one; Graph API docs, "Batch Requests"."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote

from emulator.meta.graph.addressing import Refusal, invalid, required
from emulator.meta.graph.multipart import Upload
from emulator.meta.graph.parameters import as_list, as_object, clean, parse_json

BATCH_LIMIT = 50  # the same page
METHODS = ("GET", "POST", "PUT", "DELETE")

# In a value: the answer of another item of the batch, of which a part is meant.
_REFERENCE = re.compile(r"\{result=([\w-]{1,100}):\$((?:\.[\w-]{1,100}|\[\d{1,4}\]|\.\*){1,20})\}")


@dataclass(frozen=True, slots=True)
class Item:
    """One call of a batch. `name` is for those that depend on it, `files` are the names that the
    request has for those which go with it."""

    method: str
    relative_url: str
    body: str
    name: str | None
    depends_on: str | None
    omits_success: bool
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one; `value` is None when there is no answer yet."""

    status: int
    value: object
    headers: tuple[tuple[str, str], ...] = ()


def read_batch(parameters: Mapping[str, object]) -> list[Item] | Refusal:
    """The items of a request to the root, as JSON or as a text in a form."""
    if parameters.get("batch") is None:
        return required("batch")
    sent = as_list(parameters["batch"])
    if sent is None:
        return invalid("Param batch must be an array")
    if len(sent) > BATCH_LIMIT:
        return invalid(f"Too many requests in batch message. Maximum batch size is {BATCH_LIMIT}")
    items = []
    for number, one in enumerate(sent):
        item = as_object(one)
        if item is None:
            return invalid(f"Param batch[{number}] must be an object")
        method, url = item.get("method", "GET"), item.get("relative_url")
        if not isinstance(method, str) or method.upper() not in METHODS:
            return invalid(f"Param batch[{number}][method] must be one of {', '.join(METHODS)}")
        if not isinstance(url, str):
            return required(f"batch[{number}][relative_url]")
        body, name, depends_on = (item.get(key) for key in ("body", "name", "depends_on"))
        items.append(
            Item(
                method.upper(),
                url,
                body if isinstance(body, str) else "",
                name if isinstance(name, str) else None,
                depends_on if isinstance(depends_on, str) else None,
                # The answer to a named item is left out, once another one has used it.
                item.get("omit_response_on_success", True) in (True, "true"),
                _names(item.get("attached_files")),
            )
        )
    return items


def attached(item: Item, uploads: Sequence[Upload]) -> tuple[Upload, ...] | Refusal:
    """The files of the request that go with an item, as it names them. That one which is missing
    fails the item alone is assumed."""
    by_name = {upload.field: upload for upload in uploads}
    for name in item.files:
        if name not in by_name:
            missing = f"File {clean(name)} has not been attached"
            return Refusal(100, missing, kind="GraphBatchException")
    return tuple(by_name[name] for name in item.files)


def run_batch(
    items: list[Item],
    perform: Callable[[Item, str, Mapping[str, object]], Result],
    *,
    include_headers: bool,
) -> list[Mapping[str, object] | None]:
    """The answers, in the order of the items: `perform` is given an item, its path and parameters.

    An item runs after those that it depends on or refers to; one whose dependency failed has no
    answer, as one that is not finished.
    """
    named = {item.name: number for number, item in enumerate(items) if item.name}
    results: dict[int, Result | None] = {}
    used: set[int] = set()
    for start in range(len(items)):
        # Dependencies first, without recursion; in a circle nobody can be first.
        pending, seen = [start], set()
        while pending:
            number = pending[-1]
            if number in results:
                pending.pop()
                continue
            needs = [named[name] for name in _needs(items[number]) if name in named]
            missing = [need for need in needs if need not in results]
            if missing and number not in seen:
                seen.add(number)
                pending += missing
                continue
            pending.pop()
            failed = missing or any(
                (found := results[need]) is None or found.status >= 400 for need in needs
            )
            unknown = any(name not in named for name in _needs(items[number]))
            used.update(needs)
            results[number] = (
                None if failed or unknown else _perform(items[number], named, results, perform)
            )
    return [
        None
        if number in used and item.name and item.omits_success and _succeeded(results[number])
        else _shown(results[number], include_headers=include_headers)
        for number, item in enumerate(items)
    ]


# -- inside


def _names(sent: object) -> tuple[str, ...]:
    """Names with commas between."""
    names = sent.split(",") if isinstance(sent, str) else ()
    return tuple(name.strip() for name in names if name.strip())


def _needs(item: Item) -> tuple[str, ...]:
    referred = _REFERENCE.findall(f"{unquote(item.relative_url)}&{unquote(item.body)}")
    names = [name for name, _ in referred]
    if item.depends_on is not None:
        names.append(item.depends_on)
    return tuple(dict.fromkeys(names))


def _perform(
    item: Item,
    named: Mapping[str, int],
    results: Mapping[int, Result | None],
    perform: Callable[[Item, str, Mapping[str, object]], Result],
) -> Result:
    path, _, query = item.relative_url.partition("?")
    sent = dict(parse_qsl(query, keep_blank_values=True))
    if item.body.lstrip().startswith("{"):
        body = parse_json(item.body)
        parameters: dict[str, object] = {**sent, **(body if isinstance(body, dict) else {})}
    else:
        parameters = {**sent, **dict(parse_qsl(item.body, keep_blank_values=True))}

    def insert(match: re.Match[str]) -> str:
        found = results[named[match[1]]]
        return _part(found.value if found is not None else None, match[2])

    filled = {
        key: _REFERENCE.sub(insert, value) if isinstance(value, str) else value
        for key, value in parameters.items()
    }
    return perform(item, _REFERENCE.sub(insert, unquote(path)), filled)


def _part(value: object, steps: str) -> str:
    """A part of an answer as text; several of them with commas between."""
    found = [value]
    for step in re.findall(r"\.([\w-]+|\*)|\[(\d+)\]", steps):
        following: list[object] = []
        for one in found:
            if step[0] == "*":
                inner = list(one.values()) if isinstance(one, dict) else one
                following += inner if isinstance(inner, list) else ()
            elif step[0] and isinstance(one, dict) and step[0] in one:
                following.append(one[step[0]])
            elif step[1] and isinstance(one, list) and int(step[1]) < len(one):
                following.append(one[int(step[1])])
        found = following
    return ",".join(str(one) for one in found)


def _succeeded(result: Result | None) -> bool:
    return result is not None and result.status < 400


def _shown(result: Result | None, *, include_headers: bool) -> Mapping[str, object] | None:
    if result is None or result.value is None:
        return None
    shown: dict[str, object] = {"code": result.status}
    if include_headers:
        shown["headers"] = [{"name": name, "value": value} for name, value in result.headers]
    shown["body"] = json.dumps(result.value, separators=(",", ":"))
    return shown

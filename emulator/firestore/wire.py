"""Bodies of the REST surface: the JSON of documents, writes and results."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import get_args

from emulator.firestore.errors import FirestoreError, InvalidArgumentError
from emulator.firestore.fieldpath import FieldPath, parse_path, project
from emulator.firestore.moments import format_us, parse_ns
from emulator.firestore.names import check_document_name
from emulator.firestore.proto_json import JSONObject, bad_value, boolean, items, message, string
from emulator.firestore.store import Committed
from emulator.firestore.value_json import (
    array_from_json,
    fields_from_json,
    fields_to_json,
    value_from_json,
    value_to_json,
)
from emulator.firestore.values import Fields, Value, is_number
from emulator.firestore.writes import (
    ANY,
    Delete,
    Document,
    Precondition,
    Transform,
    TransformKind,
    Update,
    Write,
)

CONTENT_TYPE = "application/json; charset=UTF-8"
MAX_REQUEST_BYTES = 10 * 1024 * 1024  # Firestore docs, "Usage and limits": size of an API request

_ENCODER = json.JSONEncoder(separators=(",", ":"))
_DOCUMENT = ("name", "fields", "createTime", "updateTime")
_WRITE = ("update", "delete", "transform", "updateMask", "updateTransforms", "currentDocument")
_KINDS: Mapping[str, TransformKind] = {kind: kind for kind in get_args(TransformKind)}


# -- out -------------------------------------------------------------------------------------------


def dump(payload: object) -> bytes:
    return _ENCODER.encode(payload).encode()


def error_to_json(error: FirestoreError) -> JSONObject:
    return {"error": {"code": error.http, "message": error.message, "status": error.status}}


def document_to_json(document: Document, mask: Sequence[FieldPath] | None = None) -> JSONObject:
    """A document, reduced to the masked fields. Without any it has no `fields` member."""
    fields = fields_to_json(project(document.fields, mask))
    return {
        "name": document.name,
        **({"fields": fields} if fields else {}),
        "createTime": format_us(document.created_us),
        "updateTime": format_us(document.updated_us),
    }


def committed_to_json(committed: Committed) -> JSONObject:
    results: list[JSONObject] = []
    for result in committed.results:
        told: JSONObject = {}
        if result.updated_us is not None:
            told["updateTime"] = format_us(result.updated_us)
        if result.transforms:
            told["transformResults"] = [value_to_json(value) for value in result.transforms]
        results.append(told)
    return {
        **({"writeResults": results} if results else {}),
        "commitTime": format_us(committed.time_us),
    }


# -- in --------------------------------------------------------------------------------------------


def document_fields(body: JSONObject) -> Fields:
    """The fields of the document in a body; its name and times are the server's affair."""
    return fields_from_json(
        message(body, "document", _DOCUMENT).get("fields", {}), "document.fields"
    )


def paths_from_texts(texts: Iterable[str]) -> tuple[FieldPath, ...]:
    return tuple(parse_path(text) for text in texts)


def mask_from_json(raw: object, where: str) -> tuple[FieldPath, ...]:
    found = items(
        message(raw, where, ("fieldPaths",)).get("fieldPaths", []), f"{where}.field_paths"
    )
    return paths_from_texts(
        string(text, f"{where}.field_paths[{at}]") for at, text in enumerate(found)
    )


def precondition(exists: bool | None, update_time: str | None) -> Precondition:
    """A precondition from its two fields.

    Raises InvalidArgumentError when both are set, or when the time is finer than stored ones.
    """
    if exists is not None and update_time is not None:
        raise InvalidArgumentError(
            "Invalid value at 'current_document' (oneof), oneof field 'condition_type' is already"
            " set. Cannot set 'updateTime'"
        )
    if update_time is None:
        return Precondition(exists=exists)
    updated_us, rest_ns = divmod(parse_ns(update_time), 1000)
    if rest_ns:
        # Firestore API, Precondition.update_time: must be microsecond aligned.
        raise InvalidArgumentError(f'Timestamp "{update_time}" must be microsecond aligned.')
    return Precondition(updated_us=updated_us)


def precondition_from_json(raw: object, where: str) -> Precondition:
    found = message(raw, where, ("exists", "updateTime"))
    exists = boolean(found["exists"], f"{where}.exists") if "exists" in found else None
    time = string(found["updateTime"], f"{where}.update_time") if "updateTime" in found else None
    return precondition(exists, time)


def writes_from_json(raw: object, database: str) -> list[Write]:
    """The `writes` of a commit to a database. Raises InvalidArgumentError, naming the place."""
    return [_write(item, f"writes[{at}]", database) for at, item in enumerate(items(raw, "writes"))]


def written_names(body: JSONObject) -> list[tuple[str, bool]]:
    """What a commit would write, as far as it can be made out; never raises.

    Names of documents, each with whether the write could bring it into being or end it.
    """
    names: list[tuple[str, bool]] = []
    writes = body.get("writes")
    for write in writes if isinstance(writes, list) else ():
        if not isinstance(write, dict):
            continue
        condition = write.get("currentDocument")
        must_exist = isinstance(condition, dict) and (
            condition.get("exists") is True or "updateTime" in condition
        )
        for operation, member in (("update", "name"), ("transform", "document"), ("delete", "")):
            content = write.get(operation)
            name = content.get(member) if isinstance(content, dict) else content
            if isinstance(name, str):
                names.append((name, operation == "delete" or not must_exist))
    return names


def _write(raw: object, where: str, database: str) -> Write:
    found = message(raw, where, _WRITE)
    operations = [name for name in ("update", "delete", "transform") if name in found]
    if len(operations) != 1:
        given = ", ".join(operations) or "none"
        raise InvalidArgumentError(
            f"Invalid value at '{where}': one of update, delete, transform must be set,"
            f" not {given}."
        )
    condition = (
        precondition_from_json(found["currentDocument"], f"{where}.current_document")
        if "currentDocument" in found
        else ANY
    )
    if "update" not in found:
        for name in ("updateMask", "updateTransforms"):
            if found.get(name):
                raise InvalidArgumentError(f"Invalid value at '{where}': {name} needs an update.")
    if "delete" in found:
        return Delete(_name(found["delete"], f"{where}.delete", database), condition)
    if "transform" in found:
        # Equivalent to an update that masks nothing and then transforms.
        place = f"{where}.transform"
        inner = message(found["transform"], place, ("document", "fieldTransforms"))
        name = _name(inner.get("document"), f"{place}.document", database)
        transforms = _transforms(inner.get("fieldTransforms", []), f"{place}.field_transforms")
        return Update(name, {}, (), transforms, condition)
    document = message(found["update"], f"{where}.update", _DOCUMENT)
    mask = found.get("updateMask")
    return Update(
        _name(document.get("name"), f"{where}.update.name", database),
        fields_from_json(document.get("fields", {}), f"{where}.update.fields"),
        None if mask is None else mask_from_json(mask, f"{where}.update_mask"),
        _transforms(found.get("updateTransforms", []), f"{where}.update_transforms"),
        condition,
    )


def _name(raw: object, where: str, database: str) -> str:
    name = string(raw, where)
    check_document_name(name, database)
    return name


def _transforms(raw: object, where: str) -> tuple[Transform, ...]:
    return tuple(_transform(item, f"{where}[{at}]") for at, item in enumerate(items(raw, where)))


def _transform(raw: object, where: str) -> Transform:
    found = message(raw, where, ("fieldPath", *_KINDS))
    path = parse_path(string(found.pop("fieldPath", None), f"{where}.field_path"))
    if len(found) != 1:
        given = ", ".join(found) or "none"
        raise InvalidArgumentError(
            f"Invalid value at '{where}': one kind of transform must be set, not {given}."
        )
    [(name, content)] = found.items()
    kind, place = _KINDS[name], f"{where}.{name}"
    operand: Value = None
    if kind == "setToServerValue":
        if content not in ("REQUEST_TIME", 1):
            bad_value(place, "SERVER_VALUE", content)
    elif kind in ("appendMissingElements", "removeAllFromArray"):
        operand = array_from_json(content, place)
    else:
        operand = value_from_json(content, place)
        if not is_number(operand):
            raise InvalidArgumentError(
                f"Invalid value at '{place}': must be an integer or a double."
            )
    return Transform(path, kind, operand)

"""Forms with files, as clients upload them; raises on no input."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# RFC 2046, 5.1.1, and RFC 7578, 4.2; quotes are optional in both.
_BOUNDARY = re.compile(r'boundary="?([^";,]{1,200})"?', re.IGNORECASE)
_NAME = re.compile(r'(?<![a-z*])name="([^"]*)"|(?<![a-z*])name=([^;\s]+)', re.IGNORECASE)
_FILE_NAME = re.compile(r'filename="([^"]*)"|filename=([^;\s]+)', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Upload:
    """One file of a form: `field` is what the form calls it."""

    field: str
    name: str
    mime_type: str
    data: bytes


def read_multipart(content_type: str, body: bytes) -> tuple[Mapping[str, str], Sequence[Upload]]:
    """The values and the files of a form; what can not be read of it is left out."""
    found = _BOUNDARY.search(content_type)
    values: dict[str, str] = {}
    files: list[Upload] = []
    if found is None:
        return values, files
    # The first boundary has no line break before it, the others do.
    parts = (b"\r\n" + body).split(b"\r\n--" + found.group(1).encode("latin-1", "replace"))
    for part in parts[1:]:
        if part.startswith(b"--"):
            break
        head, gap, data = part.partition(b"\r\n\r\n")
        if not gap:
            continue
        headers = _headers(head.decode("utf-8", "replace"))
        disposition = headers.get("content-disposition", "")
        named = _NAME.search(disposition)
        if named is None:
            continue
        field = named.group(1) or named.group(2) or ""
        file_name = _FILE_NAME.search(disposition)
        if file_name is None:
            values[field] = data.decode("utf-8", "replace")
        else:
            mime_type = headers.get("content-type", "application/octet-stream")
            name = file_name.group(1) or file_name.group(2) or ""
            files.append(Upload(field, name, mime_type, data))
    return values, files


def _headers(head: str) -> Mapping[str, str]:
    lines = (line.partition(":") for line in head.split("\r\n"))
    return {name.strip().lower(): value.strip() for name, _, value in lines if value}

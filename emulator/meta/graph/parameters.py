"""The parameters of a Graph API request, from wherever a client put them; raises on no input."""

import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NoReturn
from urllib.parse import parse_qsl

from emulator.meta.graph.multipart import Upload, read_multipart

# A string in either kind of quotes. An unterminated one runs to the end: nothing is scanned twice.
_QUOTED = re.compile(r"""("|')((?:\\.?|(?!\1)[^\\])*)(?:\1|\Z)""", re.DOTALL)


def read_parameters(query: str, content_type: str, body: bytes) -> Mapping[str, object] | None:
    """Query and body parameters as one mapping, the body's first; None if the body is malformed.

    The body is a JSON object or a form, of which the files are left out; without a telling content
    type it is JSON if it looks so.
    """
    values: dict[str, object] = dict(_read_query(query))
    stripped = body.strip()
    if not stripped:
        return values
    kind = content_type.lower()
    if "json" in kind or ("form" not in kind and stripped.startswith((b"{", b"["))):
        sent = parse_json(stripped)
        if not isinstance(sent, dict):
            return None
        values.update(sent)
    elif kind.startswith("multipart/"):
        values.update(read_multipart(content_type, body)[0])
    else:
        values.update(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    return values


def read_uploads(content_type: str, body: bytes) -> tuple[Upload, ...]:
    """The files of a multipart body, none of any other."""
    if not content_type.lower().startswith("multipart/"):
        return ()
    return tuple(read_multipart(content_type, body)[1])


def read_token(query: str, authorization: str, parameters: Mapping[str, object] | None) -> str:
    """The access token or "": of the query, else the header (`Bearer`, `OAuth`), else the body."""
    asked = dict(_read_query(query)).get("access_token")
    if asked:
        return asked
    scheme, _, token = authorization.strip().partition(" ")
    if scheme.lower() in ("bearer", "oauth") and token.strip():
        return token.strip()
    sent = parameters.get("access_token") if parameters is not None else None
    return sent if isinstance(sent, str) else ""


def as_object(value: object) -> Mapping[str, object] | None:
    """A parameter that is an object, or the text of one as in a form; None if it is neither.

    Takes single quotes for double ones: the platform's own samples write `{'id':'...'}` in forms.
    """
    if isinstance(value, str):
        parsed = parse_json(value)
        value = parse_json(_QUOTED.sub(_requote, value)) if parsed is None else parsed
    return value if isinstance(value, dict) else None


def as_list(value: object) -> Sequence[object] | None:
    """A parameter that is an array, or the text of one as in a form; None if it is neither."""
    if isinstance(value, str):
        parsed = parse_json(value)
        value = parse_json(_QUOTED.sub(_requote, value)) if parsed is None else parsed
    return value if isinstance(value, list) else None


def parse_json(text: str | bytes) -> object | None:
    """The value of a JSON text, or None when it is not one (bytes have to be UTF-8)."""
    try:
        return _DECODER.decode(text.decode() if isinstance(text, bytes) else text)  # type: ignore[no-any-return]
    except (ValueError, RecursionError):
        return None


def clean(text: str) -> str:
    """The text with lone surrogates, which JSON can spell but UTF-8 can not, replaced."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


# Most clients put their token there, and nothing else.
@lru_cache(maxsize=256)
def _read_query(query: str) -> tuple[tuple[str, str], ...]:
    return tuple(parse_qsl(query, keep_blank_values=True))


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)


def _requote(match: re.Match[str]) -> str:
    quote, inner = match.groups()
    if quote == '"':
        return match.group()
    return '"' + inner.replace("\\'", "'").replace('"', '\\"') + '"'

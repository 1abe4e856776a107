"""An exception of a bot, in words: nothing of the bot is kept alive by it."""

import linecache
import os
import re
import sysconfig
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Characters of a message that are shown; the traceback has it all.
MAX_MESSAGE = 200
# Frames whose text is kept: more than a bot has lines that call something.
MOST_FRAMES = 4096

# Platforms take access tokens in the query, and secrets are never shown.
_QUERY = re.compile(r"(https?://[^\s'\"?]+)\?[^\s'\"]*")
_HERE = str(Path(__file__).parents[1]) + os.sep
_PLACE = ("lineno", "end_lineno", "colno", "end_colno")
_PLAIN = traceback.StackSummary()
_FRAMES: dict[tuple[object, ...], str] = {}
_LIBRARIES = tuple({sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")})


@dataclass(frozen=True, slots=True)
class Raised:
    """`error` is the type and the first line of the message, `place` the file and the line where
    the bot's own code was (`bot.py:95`, empty where none of it was involved), `traceback` the
    whole.
    """

    error: str
    place: str = ""
    traceback: str = ""

    @classmethod
    def of(cls, error: BaseException) -> "Raised":
        """An exception in words. A group of one is shown as that one."""
        whole = _formatted(error)
        while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
            error = error.exceptions[0]
        return cls(_first_line(error), _place(error), whole)

    @classmethod
    def told(cls, error: str, place: str = "") -> "Raised":
        """What another process says that it raised."""
        return cls(_scrubbed(error), place, _scrubbed(error))

    @property
    def detail(self) -> dict[str, object]:
        """As the journal keeps it."""
        return {"error": self.error, "place": self.place, "traceback": self.traceback}


def _formatted(error: BaseException) -> str:
    """What Python prints of it. The text of each frame is made once, as long as its source stays as
    it is: it takes a parser to mark the part of a line that raised.
    """
    whole = traceback.TracebackException.from_exception(error, compact=True)
    known: set[int] = set()
    pending: list[traceback.TracebackException | None] = [whole]
    while pending:
        part = pending.pop()
        if part is not None and id(part) not in known:
            known.add(id(part))
            vars(part.stack)["format_frame_summary"] = _frame_formatted
            inner = getattr(part, "exceptions", None) or ()
            pending += [part.__cause__, part.__context__, *inner]
    return "".join(whole.format())


def _frame_formatted(frame: traceback.FrameSummary, **options: Any) -> str:
    """One frame, by its place and by the source that is there now."""
    first = frame.lineno or 1
    last = getattr(frame, "end_lineno", None) or first
    source = tuple(linecache.getlines(frame.filename)[first - 1 : last])
    place = tuple(getattr(frame, name, None) for name in _PLACE)
    key = (frame.filename, frame.name, place, source, tuple(sorted(options.items())))
    text = _FRAMES.get(key)
    if text is None:
        if len(_FRAMES) >= MOST_FRAMES:
            _FRAMES.clear()
        text = _FRAMES[key] = _PLAIN.format_frame_summary(frame, **options)
    return text


def _scrubbed(message: str) -> str:
    message = _QUERY.sub(r"\1", message)
    return message if len(message) <= MAX_MESSAGE else message[:MAX_MESSAGE] + "..."


def _first_line(error: BaseException) -> str:
    name = type(error).__name__
    try:
        message = str(error).strip().partition("\n")[0].rstrip()
    except Exception:  # whatever a bot's own exception does when it is shown
        message = ""
    message = _scrubbed(message)
    return f"{name}: {message}" if message else name


def _place(error: BaseException) -> str:
    """The innermost line that is neither a library's nor ours."""
    own = ""
    for frame, line in traceback.walk_tb(error.__traceback__):
        name = frame.f_code.co_filename
        if not name.startswith(("<", _HERE, *_LIBRARIES)):
            own = f"{_shown(name)}:{line}"
    return own


def _shown(name: str) -> str:
    path = Path(name)
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return path.name

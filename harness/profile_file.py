"""The file of a profile: where it is found, and its tables, checked; their meaning is not for here.

Each error names the file, the key, what is wrong and a line that is right.
"""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import profile_keys
from harness.errors import ProfileError
from harness.profile_keys import TABLES, Wrong, nearest, quoted, type_name

FILE = "thrice.toml"
SHARED_FILE = "pyproject.toml"

SERVICES = "services"
WAIVE = "waive"

_TABLE_NAMES = ("bot", "bot.env", *(name for name in TABLES if name != "bot"), SERVICES, WAIVE)
_ENV_EXAMPLE = 'QSTASH_URL = "{qstash.url}"'


@dataclass(frozen=True, slots=True)
class ProfileFile:
    """The tables of one file.

    `shown` is how messages name the file; `prefix` goes before the names of its tables in them.
    """

    path: Path
    shown: str
    prefix: str
    tables: Mapping[str, Any]

    def values(self, table: str) -> dict[str, Any]:
        """The checked values of a table, without its sub-tables; empty when it is absent."""
        keys = TABLES[table]
        values: dict[str, Any] = {}
        for name, value in self._table(table, self.tables.get(table, {})).items():
            if (table, name) == ("bot", "env"):
                continue
            if name not in keys:
                raise self._unknown_key(table, name)
            try:
                values[name] = keys[name].read(value)
            except Wrong as wrong:
                raise self.error(table, name, str(wrong)) from None
        return values

    def env(self) -> dict[str, str] | None:
        """The checked templates of [bot.env]; None when it is absent."""
        if "env" not in self.tables.get("bot", {}):
            return None
        env = {}
        for name, value in self._table("bot.env", self.tables["bot"]["env"]).items():
            try:
                profile_keys.env_name(name)
                env[name] = profile_keys.env_value(value)
            except Wrong as wrong:
                shown = name if name.isidentifier() else quoted(name)
                raise self.error("bot.env", shown, str(wrong), _ENV_EXAMPLE) from None
        return env

    def json_file(self, table: str, key: str, relative: str) -> Path:
        """The path of a JSON file that a key names, relative to the profile.

        Raises ProfileError unless it can be read and is JSON.
        """
        path = self.path.parent / relative
        try:
            json.loads(path.read_bytes())
        except OSError as error:
            reason = f"{quoted(relative)} can not be read: {error.strerror}"
            raise self.error(table, key, reason) from None
        except ValueError as error:
            raise self.error(table, key, f"{quoted(relative)} is not JSON: {error}") from None
        return path

    def refuse_unknown_tables(self) -> None:
        """Raise ProfileError for a table, or a key outside every table, that no profile has."""
        for name, value in self.tables.items():
            if name in TABLES or name in (SERVICES, WAIVE):
                continue
            home = _home(name)
            if home and not isinstance(value, dict):
                what = f"{name}: unknown key, it belongs in {self.name_of(home)}"
                example = TABLES[home][name].example
            else:
                near = nearest(name, _TABLE_NAMES)
                hint = f", did you mean {self.name_of(near)}?" if near else ""
                known = ", ".join(map(self.name_of, _TABLE_NAMES))
                what = f"{self.name_of(name)}: unknown table{hint}\n  known: {known}"
                example = self.name_of(near or "bot")
            raise ProfileError(f"{self.shown}: {what}\n  for example: {example}")

    def error(self, table: str, key: str, what: str, example: str = "") -> ProfileError:
        """The error for a key; without `example` it ends with the key's own."""
        label = f"{self.name_of(table)} {key}".rstrip()
        return self.error_at(label, what, example or TABLES[table][key].example)

    def error_at(self, label: str, what: str, example: str) -> ProfileError:
        """The error for a place in this file."""
        return ProfileError(f"{self.shown}: {label}: {what}\n  for example: {example}")

    def name_of(self, table: str) -> str:
        """A table as it is written in this file: `[host]`, `[tool.thrice.host]`, `[[services]]`."""
        name = f"[{self.prefix}{table}]"
        return f"[{name}]" if table == SERVICES else name

    def _table(self, name: str, value: object) -> Mapping[str, Any]:
        if not isinstance(value, dict):
            what = f"has to be a table, not {type_name(value)}"
            raise self.error(name, "", what, self.name_of(name))
        return value

    def _unknown_key(self, table: str, name: str) -> ProfileError:
        known = (*TABLES[table], "env") if table == "bot" else tuple(TABLES[table])
        near, home = nearest(name, known), _home(name)
        if home and not near:
            what = f"unknown key, it belongs in {self.name_of(home)}"
            return self.error(table, name, what, TABLES[home][name].example)
        hint = f", did you mean {near}?" if near else ""
        key = TABLES[table].get(near or known[0])
        example = key.example if key else self.name_of("bot.env")
        return self.error(table, name, f"unknown key{hint}\n  known: {', '.join(known)}", example)


def find_profile(path: Path | None, start: Path) -> ProfileFile | None:
    """The file at `path`; without it thrice.toml or pyproject.toml in `start`; None if neither is.

    Raises ProfileError when a file can not be read, or `path` has no profile in it.
    """
    if path is not None:
        found = _open(start / path, str(path))
        if found is None:
            what = "there is no table [tool.thrice]"
            raise ProfileError(f"{path}: {what}\n  for example: [tool.thrice.bot]")
        return found
    for name in (FILE, SHARED_FILE):
        if (start / name).exists():
            found = _open(start / name, name)
            if found is not None:
                return found
    return None


def _open(path: Path, shown: str) -> ProfileFile | None:
    """The profile in a file; None for a pyproject.toml without one."""
    content = _parse(path, shown)
    if path.name != SHARED_FILE:
        return ProfileFile(path, shown, "", content)
    tool = content.get("tool")
    if not isinstance(tool, dict) or "thrice" not in tool:
        return None
    if not isinstance(tool["thrice"], dict):
        what = f"[tool.thrice]: has to be a table, not {type_name(tool['thrice'])}"
        raise ProfileError(f"{shown}: {what}\n  for example: [tool.thrice.bot]")
    return ProfileFile(path, shown, "tool.thrice.", tool["thrice"])


def _parse(path: Path, shown: str) -> dict[str, Any]:
    text = ""
    try:
        content = path.read_bytes()
        text = content.decode()
        return tomllib.loads(text)
    except OSError as error:
        what, example = f"can not be read: {error.strerror}", f"--profile {FILE}"
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        what, example = f"is not UTF-8 (at line {line})", TABLES["bot"]["app"].example
    except tomllib.TOMLDecodeError as error:
        last_line = len(text.splitlines())
        reason = str(error).replace("at end of document", f"at line {last_line}, the last")
        what, example = f"is not valid TOML: {reason}", TABLES["bot"]["app"].example
    raise ProfileError(f"{shown}: {what}\n  for example: {example}")


def _home(key: str) -> str | None:
    """The first table that has this key."""
    return next((table for table, keys in TABLES.items() if key in keys), None)

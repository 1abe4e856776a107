"""Keeps the compiled code of a bot's modules for its next cold start: where Python writes no
bytecode files, as in many containers, compiling them is most of what a cold start costs; elsewhere,
what `dataclasses` generates is.
"""

import dataclasses
import sys
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import spec_from_file_location
from types import CodeType, ModuleType
from typing import Any

# More than a large bot's dataclasses generate.
MOST_GENERATED = 4096


class _Loader(SourceFileLoader):
    def __init__(self, name: str, path: str, kept: dict[str, CodeType | None]) -> None:
        super().__init__(name, path)
        self._kept = kept

    def get_code(self, fullname: str) -> CodeType | None:
        if self.path not in self._kept:
            self._kept[self.path] = super().get_code(fullname)
        return self._kept[self.path]


class CompiledModules(MetaPathFinder):
    """Finds the source modules below `prefix` as Python would, each of them once, and compiles each
    of them once.
    """

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._kept: dict[str, CodeType | None] = {}
        # Of each module that was found, on which path it was looked for, and where it lies.
        self._places: dict[str, tuple[Sequence[str], str, list[str] | None]] = {}

    def start(self) -> None:
        """Stand before Python's own finder, and behind whoever has put theirs before it."""
        at = sys.meta_path.index(PathFinder) if PathFinder in sys.meta_path else 0
        sys.meta_path.insert(at, self)
        # The module's own name comes before the built-in one.
        vars(dataclasses)["exec"] = _execute

    def stop(self) -> None:
        if self in sys.meta_path:
            sys.meta_path.remove(self)
        vars(dataclasses).pop("exec", None)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        looked_on = list(sys.path if path is None else path)
        known = self._places.get(fullname)
        if known is None or known[0] != looked_on:
            spec = PathFinder.find_spec(fullname, path, target)
            if spec is None or type(spec.loader) is not SourceFileLoader:
                return None
            if not spec.loader.path.startswith(self._prefix):
                return None
            inner = spec.submodule_search_locations
            known = looked_on, spec.loader.path, inner if inner is None else list(inner)
            self._places[fullname] = known
        _, place, inner = known
        return spec_from_file_location(
            fullname,
            place,
            loader=_Loader(fullname, place, self._kept),
            submodule_search_locations=inner if inner is None else list(inner),
        )


@lru_cache(maxsize=MOST_GENERATED)
def _compiled(text: str) -> CodeType:
    return compile(text, "<string>", "exec", dont_inherit=True)


def _execute(
    text: str, names: dict[str, Any] | None = None, found: Mapping[str, Any] | None = None, /
) -> None:
    """What `dataclasses` does with the methods that it writes, as text: the same ones for every
    instance of a bot.
    """
    exec(_compiled(text), vars(dataclasses) if names is None else names, found)

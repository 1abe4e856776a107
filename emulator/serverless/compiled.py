"""Keeps the compiled code of a bot's modules for its next cold start: where Python writes no
bytecode files, as in many containers, compiling them is most of what a cold start costs.
"""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType


class _Loader(SourceFileLoader):
    def __init__(self, name: str, path: str, kept: dict[str, CodeType | None]) -> None:
        super().__init__(name, path)
        self._kept = kept

    def get_code(self, fullname: str) -> CodeType | None:
        if self.path not in self._kept:
            self._kept[self.path] = super().get_code(fullname)
        return self._kept[self.path]


class CompiledModules(MetaPathFinder):
    """Finds the source modules below `prefix` as Python would, and compiles each of them once."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._kept: dict[str, CodeType | None] = {}

    def start(self) -> None:
        """Stand before Python's own finder, and behind whoever has put theirs before it."""
        at = sys.meta_path.index(PathFinder) if PathFinder in sys.meta_path else 0
        sys.meta_path.insert(at, self)

    def stop(self) -> None:
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is None or type(spec.loader) is not SourceFileLoader:
            return None
        if not spec.loader.path.startswith(self._prefix):
            return None
        spec.loader = _Loader(fullname, spec.loader.path, self._kept)
        return spec

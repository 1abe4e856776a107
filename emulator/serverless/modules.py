"""Each instance's own copy of the bot's modules.

Module globals (`seen = set()`) must not be shared between instances, or in-memory dedup looks
right. A cold start imports the modules below the bot's root again; third-party libraries are
shared.
"""

import importlib
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from emulator.errors import BotImportError
from emulator.serverless.compiled import CompiledModules

# Never re-imported, though they may lie below the bot's root: this project, and what runs it.
SHARED = frozenset({"emulator", "harness", "conftest", "__main__", "__mp_main__"})
INSTALLED = frozenset({"site-packages", "dist-packages"})


class BotModules:
    """Finds, imports and swaps the modules of one bot.

    `spec` is `module:attribute`, where the attribute may be dotted and may end in `()` for a
    factory, or in `(http)` for one that takes its HTTP client by that keyword. `root` is put first
    on the import path; modules whose file lies below it belong to the bot.
    """

    def __init__(self, spec: str, root: Path) -> None:
        module, separator, attribute = spec.partition(":")
        if not separator or not module or not attribute:
            raise BotImportError(
                f'"{spec}" does not name an app; write module:attribute, for example mybot.main:app'
            )
        self._module = module
        name, self._is_factory, argument = attribute.partition("(")
        self._attribute = name
        self._keyword = argument.removesuffix(")")
        self.spec = spec
        self.root = root.resolve()
        self._prefix = str(self.root) + "/"
        self._compiled = CompiledModules(self._prefix)
        # The names that are known to belong to the bot, and those that are known not to: there may
        # be a thousand, and few new ones.
        self._own: set[str] = set()
        self._foreign: set[str] = set()
        self._outside: dict[str, ModuleType] | None = None
        self._active: dict[str, ModuleType] | None = None
        self._size = 0
        self._loaded_once = False

    @property
    def takes_client(self) -> bool:
        """Whether the app is made with a client of ours."""
        return bool(self._keyword)

    def fresh(
        self, modules: dict[str, ModuleType], client: Callable[[], Any] = lambda: None
    ) -> Any:
        """Import the bot anew into `modules`, which is to be activated whenever it runs; returns
        the app. `client` makes what its factory may take.

        Raises BotImportError, which names the module that can not be imported, or not twice.
        """
        self.activate(modules)
        try:
            app: Any = importlib.import_module(self._module)
            self._collect()
            for name in self._attribute.split("."):
                app = getattr(app, name)
            if self._is_factory:
                app = app(**{self._keyword: client()}) if self._keyword else app()
        except Exception as error:
            raise self._explain(error) from error
        finally:
            self._collect()
        if not callable(app):
            raise BotImportError(f"{self.spec} is a {type(app).__name__}, not an ASGI application")
        self._loaded_once = True
        return app

    def activate(self, modules: dict[str, ModuleType]) -> None:
        """Make these the bot's modules in `sys.modules`."""
        if self._active is modules:
            return
        if self._active is None:
            sys.path.insert(0, str(self.root))
            self._compiled.start()
            self._outside = self._take()
        else:
            self._collect()
            for name in self._active:
                sys.modules.pop(name, None)
        sys.modules.update(modules)
        self._active = modules
        self._size = len(sys.modules)

    def deactivate(self) -> None:
        """Give `sys.modules` back to the rest of the process."""
        if self._active is None:
            return
        self._collect()
        for name in self._active:
            sys.modules.pop(name, None)
        sys.modules.update(self._outside or {})
        self._outside = None
        self._active = None
        self._compiled.stop()
        if str(self.root) in sys.path:
            sys.path.remove(str(self.root))

    # -- inside

    def _found(self) -> dict[str, ModuleType]:
        """The bot's modules in `sys.modules`."""
        found = {}
        for name in sorted(sys.modules.keys() - self._foreign):
            module = sys.modules[name]
            if name in self._own or self._looks_own(name, module):
                self._own.add(name)
                found[name] = module
            else:
                self._foreign.add(name)
        return found

    def _looks_own(self, name: str, module: ModuleType | None) -> bool:
        if name.partition(".")[0] in SHARED:
            return False
        places = [getattr(module, "__file__", None), *getattr(module, "__path__", ())]
        for place in places:
            if isinstance(place, str) and place.startswith(self._prefix):
                return INSTALLED.isdisjoint(Path(place).parts)
        return False

    def _take(self) -> dict[str, ModuleType]:
        return {name: sys.modules.pop(name) for name in self._found()}

    def _collect(self) -> None:
        """Note the modules that the active instance has imported meanwhile."""
        if self._active is None or len(sys.modules) == self._size:
            return
        for name, module in self._found().items():
            self._active.setdefault(name, module)
        self._size = len(sys.modules)

    def _explain(self, error: Exception) -> BotImportError:
        """Say what is wrong with the bot's import, in its own terms."""
        rows = traceback.extract_tb(error.__traceback__)
        own = [
            row
            for row in rows
            if row.filename.startswith(self._prefix)
            and INSTALLED.isdisjoint(Path(row.filename).parts)
        ]
        own = [row for row in own if Path(row.filename).parent.name != "serverless"]
        where = (
            f" ({Path(own[-1].filename).relative_to(self.root)}, line {own[-1].lineno})"
            if own
            else ""
        )
        what = f"{type(error).__name__}: {error}{where}"
        if self._loaded_once:
            module = Path(own[-1].filename).relative_to(self.root) if own else self._module
            return BotImportError(
                f"{module} can not be imported twice in one process: {what}; every instance of "
                "the bot needs its own copy of its modules, so make that line safe to run again"
            )
        if isinstance(error, ModuleNotFoundError) and error.name == self._module.partition(".")[0]:
            return BotImportError(
                f"no module named {error.name} below {self.root}; "
                "run thrice where the bot's code lies, or install it"
            )
        if isinstance(error, AttributeError) and not own:
            return BotImportError(
                f"{self._module} has no attribute {self._attribute}; "
                f"{self.spec} should name the ASGI app"
            )
        return BotImportError(f"{self.spec} can not be imported: {what}")


def clashing_library(error: BotImportError) -> str | None:
    """The module that can not be loaded while freezegun holds the clock, or None when it is not
    that.

    freezegun's dates have a metaclass of their own; a library that derives a class with another one
    from `datetime.date`, as pydantic does, can only be loaded before.
    """
    cause = error.__cause__
    if not isinstance(cause, TypeError) or "metaclass conflict" not in str(cause):
        return None
    trace = cause.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    name = trace.tb_frame.f_globals.get("__name__") if trace is not None else None
    return name if isinstance(name, str) else None

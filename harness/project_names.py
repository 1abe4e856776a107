"""What the files of a Python project know of one another: constants, classes, prefixes of routers;
and how much of a string an expression tells.
"""

import ast
from collections.abc import Sequence
from dataclasses import dataclass

# Stands for the parts of a string that the source does not tell.
HOLE = "{}"
INCLUDES = frozenset({"include_router", "register_blueprint"})


@dataclass(frozen=True, slots=True)
class SourceFile:
    name: str
    tree: ast.Module

    @property
    def module(self) -> str:
        """The dotted name to import it by; empty when it can not have one."""
        parts = self.name.removesuffix(".py").split("/")
        # A folder `src` is on the import path, not part of it.
        if len(parts) > 1 and parts[0] == "src":
            parts = parts[1:]
        if parts[-1] == "__init__" and len(parts) > 1:
            parts = parts[:-1]
        return ".".join(parts) if all(part.isidentifier() for part in parts) else ""


class Names:
    """What files know of one another: constants, classes with methods, prefixes of routers."""

    def __init__(self, files: Sequence[SourceFile]) -> None:
        self.constants: dict[str, dict[str, ast.expr]] = {}
        self.anywhere: dict[str, ast.expr] = {}
        self.classes: dict[str, ast.ClassDef] = {}
        self.functions: dict[str, ast.FunctionDef | ast.AsyncFunctionDef] = {}
        self.prefixes: dict[tuple[str, str], str] = {}
        self.own = {
            node.name
            for file in files
            for node in ast.walk(file.tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        }
        for file in files:
            own = self.constants[file.name] = {}
            for node in file.tree.body:
                name, value = assigned(node)
                if value is not None:
                    own[name] = value
                    self.anywhere.setdefault(name, value)
                elif isinstance(node, ast.ClassDef):
                    self.classes.setdefault(node.name, node)
                elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    self.functions.setdefault(node.name, node)
        for file in files:
            self._note_prefixes(file)

    def text(self, node: ast.expr | None, file: str, depth: int = 0) -> str | None:
        """A string as far as the source tells it, `{}` for the rest; None when nothing is told."""
        match node:
            case ast.Constant(value=str(text)):
                return text
            case ast.JoinedStr(values=values):
                parts = [self.text(value, file, depth) for value in values]
                return "".join(HOLE if part is None else part for part in parts)
            case ast.FormattedValue(value=value):
                return self.text(value, file, depth)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                ends = self.text(left, file, depth), self.text(right, file, depth)
                if ends == (None, None):
                    return None
                return "".join(HOLE if end is None else end for end in ends)
            case ast.Name(id=name) | ast.Attribute(attr=name) if depth < 5:
                known = self.constants[file].get(name) or self.anywhere.get(name)
                return self.text(known, file, depth + 1) if known is not None else None
            case _:
                return None

    def _note_prefixes(self, file: SourceFile) -> None:
        """Where routers are hung, as (file without folder and ending, variable)."""
        own = stem(file.name)
        imported = {
            alias.asname or alias.name: (node.module or "", alias.name)
            for node in ast.walk(file.tree)
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        for name, value in self.constants[file.name].items():
            if isinstance(value, ast.Call):
                prefix = self._prefix(value, file.name)
                if prefix:
                    self.prefixes[own, name] = prefix + self.prefixes.get((own, name), "")
        for node in ast.walk(file.tree):
            if not isinstance(node, ast.Call) or callee(node) not in INCLUDES or not node.args:
                continue
            prefix = self._prefix(node, file.name)
            match node.args[0]:
                case ast.Name(id=name):
                    module, attribute = imported.get(name, (own, name))
                    target = (module.rpartition(".")[2], attribute)
                case ast.Attribute(value=ast.Name(id=module), attr=attribute):
                    target = (imported.get(module, ("", module))[1], attribute)
                case _:
                    continue
            if prefix:
                self.prefixes[target] = prefix + self.prefixes.get(target, "")

    def _prefix(self, call: ast.Call, file: str) -> str:
        for keyword in call.keywords:
            if keyword.arg in ("prefix", "url_prefix"):
                return (self.text(keyword.value, file) or "").rstrip("/")
        return ""


def assigned(node: ast.stmt) -> tuple[str, ast.expr | None]:
    match node:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            return name, value
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
            return name, value
        case _:
            return "", None


def callee(call: ast.Call) -> str:
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def stem(name: str) -> str:
    """The last name of a module: of a package, that of its folder."""
    parts = name.removesuffix(".py").split("/")
    return parts[-2] if parts[-1] == "__init__" and len(parts) > 1 else parts[-1]

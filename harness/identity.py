"""What a certificate is about: the commit and the digest of the files below the bot's root.

The digest alone decides whether a tree is still the one that was certified; the commit is for
people, because a certificate that is committed beside its bot can not name its own commit.
"""

import hashlib
import json
import os
import subprocess
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.errors import UsageError

# What programs are made of, and what they read when they start: code, templates, settings.
SUFFIXES = frozenset(
    {
        *(".py", ".pyi", ".pyx", ".js", ".cjs", ".mjs", ".jsx", ".ts", ".cts", ".mts", ".tsx"),
        *(".go", ".rb", ".php", ".java", ".kt", ".cs", ".rs", ".ex", ".exs", ".sh", ".sql"),
        *(".html", ".jinja", ".jinja2", ".j2", ".graphql", ".proto"),
        *(".toml", ".json", ".yaml", ".yml", ".ini", ".cfg", ".lock", ".txt", ".mod", ".sum"),
    }
)
NAMES = frozenset({"Dockerfile", "Gemfile", "Makefile", "Pipfile", "Procfile"})

# Folders of other people's code and of caches; besides these, every folder whose name begins with
# a dot, and every virtual environment.
SKIPPED_FOLDERS = frozenset({"__pycache__", "dist-packages", "node_modules", "site-packages"})
SKIPPED_ENDING = ".egg-info"
ENVIRONMENT_MARK = "pyvenv.cfg"  # PEP 405

MAX_FILES = 50_000
GIT_TIMEOUT_S = 20.0
# Set inside git's own hooks, where they would point a question about another folder astray.
_GIT_VARIABLES = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX")


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The state of a bot's files.

    `digest` is the SHA-256, in hex, over the `files` files that count, in the order of their paths:
    of each the path below the root with slashes, a zero byte, the SHA-256 of its content. `commit`
    is None outside of a git work tree; `dirty` tells whether a file that counts differs from it.
    """

    digest: str
    files: int
    commit: str | None = None
    dirty: bool = False

    @property
    def shown(self) -> str:
        """For people: `commit 1a2b3c4d5e6f with changes, source 0f1e2d3c4b5a (41 files)`."""
        files = "1 file" if self.files == 1 else f"{self.files:,} files"
        source = f"source {self.digest[:12]} ({files})"
        if self.commit is None:
            return source
        return f"commit {self.commit[:12]}{' with changes' if self.dirty else ''}, {source}"


def identify(root: Path) -> Identity:
    """Read every file of the bot below `root`.

    A file counts when its suffix is in SUFFIXES or its name in NAMES, and neither it nor a folder
    on the way to it is hidden, a cache, or somebody else's code. Links are followed. JSON that
    thrice itself wrote does not count, so that a certificate may lie beside what it certifies.

    Raises UsageError when a file can not be read, or there are more than MAX_FILES.
    """
    root = root.resolve()
    whole = hashlib.sha256()
    names = set()
    for name, path in sorted(source_files(root)):
        try:
            content = path.read_bytes()
        except OSError as error:
            raise UsageError(f"{path} can not be read: {error.strerror}") from error
        if _is_ours(name, content):
            continue
        names.add(name)
        whole.update(name.encode("utf-8", "surrogateescape") + b"\0")
        whole.update(hashlib.sha256(content).digest())
    commit, dirty = _git_state(root, names)
    return Identity(digest=whole.hexdigest(), files=len(names), commit=commit, dirty=dirty)


def source_files(root: Path) -> Iterator[tuple[str, Path]]:
    """The files that count by their names: path below the root, with slashes, and the file; in no
    order.
    """
    root = root.resolve()
    found = 0
    # With each folder those above it, resolved, so that a link back up is not followed for ever.
    waiting: list[tuple[str, Path, frozenset[Path]]] = [("", root, frozenset({root}))]
    while waiting:
        prefix, folder, above = waiting.pop()
        try:
            entries = list(os.scandir(folder))
        except OSError as error:
            raise UsageError(f"{folder} can not be read: {error.strerror}") from error
        for entry in entries:
            name = prefix + entry.name
            if entry.is_dir():
                inner = Path(entry.path)
                if _is_skipped(entry.name) or (inner / ENVIRONMENT_MARK).exists():
                    continue
                real = inner.resolve()
                if real not in above:
                    waiting.append((name + "/", inner, above | {real}))
            elif _is_source(entry.name) and entry.is_file():
                found += 1
                if found > MAX_FILES:
                    raise UsageError(
                        f"there are more than {MAX_FILES:,} source files below {root}; "
                        "run thrice in the folder of the bot"
                    )
                yield name, Path(entry.path)


def _is_source(name: str) -> bool:
    suffix = name[name.rfind(".") :].lower() if "." in name else ""
    return not name.startswith(".") and (suffix in SUFFIXES or name in NAMES)


def _is_skipped(folder: str) -> bool:
    return folder.startswith(".") or folder in SKIPPED_FOLDERS or folder.endswith(SKIPPED_ENDING)


def _is_ours(name: str, content: bytes) -> bool:
    """A certificate that was written into the tree."""
    if not name.lower().endswith(".json") or b'"thrice-certificate-' not in content:
        return False
    try:
        parsed = json.loads(content)
    except ValueError:
        return False
    schema = parsed.get("schema") if isinstance(parsed, dict) else None
    return isinstance(schema, str) and schema.startswith("thrice-certificate-")


def _git_state(root: Path, names: Collection[str]) -> tuple[str | None, bool]:
    """The commit, and whether one of `names`, or a file that would be one but for its deletion,
    differs from it; None when git can not tell.
    """
    top = next((folder for folder in (root, *root.parents) if (folder / ".git").exists()), None)
    if top is None:
        return None, False
    command = (
        *("git", "-C", str(root), "status", "--porcelain=v2", "--branch", "-z"),
        *("--no-renames", "--untracked-files=all", "--", "."),
    )
    env = {name: value for name, value in os.environ.items() if name not in _GIT_VARIABLES}
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            env={**env, "GIT_OPTIONAL_LOCKS": "0"},
            timeout=GIT_TIMEOUT_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None, False
    lines = done.stdout.decode("utf-8", "surrogateescape").split("\0")
    header = "# branch.oid "
    commit = next((line.removeprefix(header) for line in lines if line.startswith(header)), "")
    if not commit or commit.startswith("("):
        # `(initial)`: a repository without a commit.
        return None, False
    prefix = root.relative_to(top).as_posix() + "/" if root != top else ""
    changed = [path.removeprefix(prefix) for path in map(_changed_path, lines) if path]
    return commit, any(name in names or _is_gone(root, name) for name in changed)


def _changed_path(line: str) -> str:
    """The path that a line of `git status --porcelain=v2` is about; empty for another line."""
    match line[:2]:
        case "1 ":
            return line.split(" ", 8)[8]
        case "u ":
            return line.split(" ", 10)[10]
        case "? ":
            return line[2:]
        case _:
            return ""


def _is_gone(root: Path, name: str) -> bool:
    *folders, file = name.split("/")
    return (
        _is_source(file)
        and not any(_is_skipped(folder) for folder in folders)
        and not (root / name).exists()
    )

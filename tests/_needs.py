"""Marks for tests that need what is not a part of Python, so that they are skipped without it."""

import shutil
from pathlib import Path

import pytest

needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed")
needs_npm = pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")


def needs_packages(folder: Path) -> pytest.MarkDecorator:
    """Node, and what `make setup` installs in a folder with a package.json."""
    return pytest.mark.skipif(
        shutil.which("node") is None or not (folder / "node_modules").exists(),
        reason=f"Node, or the packages of {folder.name}, are not installed",
    )

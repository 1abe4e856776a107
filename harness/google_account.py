"""The key file of the made-up Google account, where it can be read: some clients take nothing but
the path of one.
"""

import atexit
import os
import tempfile
from functools import cache

from emulator.google_account import key_file


@cache
def key_file_path() -> str:
    """The path of the file, which is made once and removed when the process ends."""
    descriptor, path = tempfile.mkstemp(prefix="thrice-account-", suffix=".json")
    with os.fdopen(descriptor, "w") as file:
        file.write(key_file())
    atexit.register(_remove, path, os.getpid())
    return path


def _remove(path: str, owner: int) -> None:
    # A process that was forked off has it from the one that made it.
    if os.getpid() == owner and os.path.exists(path):
        os.remove(path)

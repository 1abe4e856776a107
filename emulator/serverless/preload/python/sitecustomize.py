"""Loaded by every Python process of a bot that runs under libfaketime: with a real monotonic clock,
that library has `time.sleep` fail with EINVAL. What else is called `sitecustomize` is loaded too.
"""

import importlib
import os
import select
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import SupportsIndex


def _sleep(seconds: "float | SupportsIndex", /) -> None:
    wanted = seconds if isinstance(seconds, float) else seconds.__index__()
    if wanted < 0:
        raise ValueError("sleep length must be non-negative")
    select.select((), (), (), wanted)


def _announce() -> None:
    """Tell that this process has its sleep back."""
    folder = os.environ.get("TMPDIR", "")
    try:
        with open(os.path.join(folder, f"clock-of-{os.getpid()}"), "w"):
            pass
    except OSError:
        # Then it does not count as one that follows the world's clock.
        return


def _load_next() -> None:
    """What this module hides, as it comes first on the path."""
    ours = sys.modules.pop(__name__)
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [folder for folder in sys.path if os.path.abspath(folder) != here]
    try:
        importlib.import_module(__name__)
    except ModuleNotFoundError as error:
        if error.name != __name__:
            raise
        sys.modules[__name__] = ours


if "FAKETIME_TIMESTAMP_FILE" in os.environ:
    time.sleep = _sleep
    _announce()
_load_next()

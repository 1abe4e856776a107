"""Python's search for cycles of garbage, put off: hardly anything of a cascade is in a cycle, and
looking for some takes half of the time.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collector() -> Iterator[None]:
    """Free by counting references only; what is in cycles stays until afterwards."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()

"""Python's search for cycles of garbage, made rarer: a certificate makes thousands of objects that
live until it is judged, and going through them again and again takes a fifth of its time.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

# Objects more than at the last search that bring on one among the young; how many of these bring on
# one among those that outlived it; and how many of those one among all. What a world leaves behind
# in cycles is freed by the last kind: after about two million objects, as many as a certificate of
# all checks makes.
THRESHOLDS = (2_000, 10, 100)


@contextmanager
def collected_rarely() -> Iterator[None]:
    """Search so often and no more; where the process has it less often already, leave it so."""
    before = gc.get_threshold()
    if 0 < before[0] < THRESHOLDS[0]:
        gc.set_threshold(*THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*before)

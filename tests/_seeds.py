"""How much of a matrix is judged: a little of it in the ordinary suite, all of it in `make
prove`.
"""

import os

PROVING = bool(os.environ.get("THRICE_PROVE"))


def seeds(proof: int, *, ordinary: int = 1) -> range:
    """Seeds 1 to `ordinary`, or to `proof` when THRICE_PROVE is set."""
    return range(1, 1 + (proof if PROVING else ordinary))

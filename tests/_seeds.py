"""At how many seeds a matrix is judged: a few in the ordinary suite, all of them in `make
prove`.
"""

import os


def seeds(proof: int, *, ordinary: int = 1) -> range:
    """Seeds 1 to `ordinary`, or to `proof` when THRICE_PROVE is set."""
    return range(1, 1 + (proof if os.environ.get("THRICE_PROVE") else ordinary))

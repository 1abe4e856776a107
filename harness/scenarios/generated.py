"""Generated input: draws examples until one fails, then looks for the smallest that does.

Hypothesis does the work. Importing it takes a moment, so this module is imported where it is used.
"""

from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import Any, TypeVar

from hypothesis import Phase, Verbosity, find, settings
from hypothesis.errors import Flaky, NoSuchExample
from hypothesis.internal.conjecture.providers import AVAILABLE_PROVIDERS, HypothesisProvider
from hypothesis.strategies import SearchStrategy

T = TypeVar("T")

BACKEND = "thrice"


class RepeatableProvider(HypothesisProvider):
    """Draws from its seed alone.

    Left to itself, Hypothesis also draws constants that it finds in the modules loaded at the
    moment, so that one seed gives another run tomorrow, and it keeps them in the working directory.
    """

    def _maybe_draw_constant(self, *args: Any, **options: Any) -> None:
        return None


AVAILABLE_PROVIDERS[BACKEND] = f"{__name__}.{RepeatableProvider.__name__}"


def search(
    strategy: SearchStrategy[T], fails: Callable[[T], bool], *, examples: int, random: Random
) -> None:
    """Call `fails` with up to `examples` values, and once it has said yes with ever smaller ones.

    It is for the caller to remember the failures: what failed once may not fail again.
    """
    chosen = settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        verbosity=Verbosity.quiet,
        backend=BACKEND,
    )
    with suppress(NoSuchExample, Flaky):
        find(strategy, fails, settings=chosen, random=random)

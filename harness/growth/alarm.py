"""Stopping rules for bots whose behaviour is random, given how many deliveries each led to.

For bots of which the same message twice shows two behaviours; what is deterministic is decided by
`harness.growth.rules`, without any statistics.
"""

import math
from typing import Literal

R0 = 0.5  # what a harmless bot causes per delivery, at most, on average
R1 = 1.0  # what a loop causes
LAMBDAS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1.2, 2.0, 3.0, 5.0)


class RunawayAlarm:
    """An alarm that may be asked after every delivery, without any assumption but the two bounds.

    Under the hypothesis that a delivery leads to at most `r0` others on average, whatever came
    before, and never to more than `most`, it goes off with a probability of at most `alpha`,
    however long one goes on (Ville's inequality for a mixture of exponential test martingales).
    """

    def __init__(self, *, most: int, alpha: float = 1e-3, r0: float = R0) -> None:
        """`most` is the number of calls that one invocation may make, which is enforced."""
        self._most = most
        self._threshold = -math.log(alpha)
        # Logarithm of 1 + r0 (e^(lambda most) - 1) / most, which overflows for a large `most`.
        self._costs = [_log_cost(rate * most, r0 / most) for rate in LAMBDAS]
        self._logs = [0.0] * len(LAMBDAS)
        self.observed = 0

    @property
    def evidence(self) -> float:
        """The natural logarithm of the evidence against the hypothesis."""
        top = max(self._logs)
        return top + math.log(sum(math.exp(one - top) for one in self._logs) / len(self._logs))

    @property
    def raised(self) -> bool:
        return self.evidence >= self._threshold

    def observe(self, children: int) -> bool:
        """Tell of one more delivery that led to so many others; whether the alarm is raised.

        Raises ValueError when there are more children than were said to be possible.
        """
        if not 0 <= children <= self._most:
            raise ValueError(f"a delivery led to {children} others, of at most {self._most}")
        self.observed += 1
        self._logs = [
            log + rate * children - cost
            for log, rate, cost in zip(self._logs, LAMBDAS, self._costs, strict=True)
        ]
        return self.raised


class PoissonHint:
    """Wald's sequential test between two Poisson means. A hint only: one burst raises it for a bot
    that is harmless on average, so nothing is certified by it.
    """

    def __init__(
        self, *, alpha: float = 1e-3, beta: float = 1e-3, r0: float = R0, r1: float = R1
    ) -> None:
        self._step = math.log(r1 / r0)
        self._drift = r1 - r0
        self._upper = math.log((1 - beta) / alpha)
        self._lower = math.log(beta / (1 - alpha))
        self._sum = 0.0
        self.observed = 0

    @property
    def says(self) -> Literal["ends", "runs away", "undecided"]:
        if self._sum >= self._upper:
            return "runs away"
        return "ends" if self._sum <= self._lower else "undecided"

    def observe(self, children: int) -> Literal["ends", "runs away", "undecided"]:
        """Tell of one more delivery that led to so many others."""
        self.observed += 1
        self._sum += children * self._step - self._drift
        return self.says


def pass_bound(replicas: int, alpha: float = 0.05) -> float:
    """With confidence 1 - alpha: the largest probability that a replica does not come to rest,
    after so many independent ones all did.
    """
    return 1 - alpha ** (1 / replicas) if replicas else 1.0


def _log_cost(exponent: float, share: float) -> float:
    """log(1 + share (e^exponent - 1)), also where e^exponent is too large for a float."""
    if exponent < 500:
        return math.log1p(share * math.expm1(exponent))
    return exponent + math.log(share)

"""How long an app has taken nothing of an account: when its developer is alerted, and when the
platform stops telling it.
"""

from emulator.meta.delivery.product import Product


class Outage:
    """Continuous failure of one app for one account, whatever the notification; any
    acknowledgement ends it. Times in seconds of the clock.
    """

    __slots__ = ("_is_alerted", "since")

    def __init__(self) -> None:
        self.since: float | None = None
        self._is_alerted = False

    def fail(self, now: float) -> None:
        if self.since is None:
            self.since = now

    def end(self) -> None:
        self.since = None
        self._is_alerted = False

    def is_alert_due(self, now: float, product: Product) -> bool:
        """Whether the alert goes out now: true once in an outage."""
        after_s = product.alert_after_s
        if self._is_alerted or self.since is None or after_s is None or now < self.since + after_s:
            return False
        self._is_alerted = True
        return True

    def is_over(self, now: float, product: Product) -> bool:
        """Whether it has lasted for so long that the webhook is disabled."""
        return self.since is not None and now >= self.since + product.give_up_after_s

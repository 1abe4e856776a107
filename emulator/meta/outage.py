"""How long an app has taken nothing of a page: when its developer is alerted, and when the platform
stops telling it.
"""

# "Meta Webhooks for Messenger Platform": the developer is alerted after 15 minutes of failure, and
# the webhook is disabled after an hour.
ALERT_AFTER_S = 15 * 60.0
GIVE_UP_AFTER_S = 60 * 60.0


class Outage:
    """Continuous failure of one app for one page, whatever the notification; any acknowledgement
    ends it. Times in seconds of the clock.
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

    def is_alert_due(self, now: float) -> bool:
        """Whether the alert goes out now: true once in an outage."""
        if self._is_alerted or self.since is None or now < self.since + ALERT_AFTER_S:
            return False
        self._is_alerted = True
        return True

    def is_over(self, now: float) -> bool:
        """Whether it has lasted for so long that the webhook is disabled."""
        return self.since is not None and now >= self.since + GIVE_UP_AFTER_S

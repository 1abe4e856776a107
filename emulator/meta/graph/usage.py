"""How much of its limits an app has used, counted call by call: the headers that tell of it, and
the refusals of an app that went beyond.
"""

from collections import OrderedDict, deque
from collections.abc import Callable

from emulator.meta.graph.addressing import Refusal
from emulator.meta.graph.limits import (
    APP_CALLS,
    BUSINESS_CALLS,
    INBOX_SENDS,
    PAGE_CALLS,
    PAIR_SENDS,
    TEXT_SENDS,
    Rate,
    sends_of,
)
from emulator.meta.graph.refusals import refusal
from emulator.meta.platform import PlatformName

# So many messages to one person in so many seconds.
ThreadLimit = tuple[int, float]

# Into how many parts a rolling window is cut: what is older leaves it a part at a time.
PARTS = 60


class Rolling:
    """A count over the last `window_s` seconds, at the same cost however much is counted."""

    __slots__ = ("_part_s", "_parts", "total")

    def __init__(self, window_s: float) -> None:
        self._part_s = window_s / PARTS
        self._parts: deque[list[int]] = deque()
        self.total = 0

    def add(self, now: float) -> None:
        part = int(now / self._part_s)
        if self._parts and self._parts[-1][0] == part:
            self._parts[-1][1] += 1
        else:
            self.expire(now)
            self._parts.append([part, 1])
        self.total += 1

    def expire(self, now: float) -> None:
        first = int(now / self._part_s) - PARTS
        while self._parts and self._parts[0][0] <= first:
            self.total -= self._parts.popleft()[1]

    def eases_in(self, now: float) -> float:
        """Seconds until the oldest part leaves the window; 0 when nothing is counted."""
        if not self._parts:
            return 0.0
        return max(0.0, (self._parts[0][0] + PARTS) * self._part_s - now)


class Usage:
    """The calls of one app for one account. `users` tells how many people did something of late."""

    def __init__(self, platform: PlatformName, account_id: str, users: Callable[[], int]) -> None:
        self._platform = platform
        self._account_id = account_id
        self._users = users
        self._business = BUSINESS_CALLS[platform]
        self._app_calls = Rolling(APP_CALLS.window_s)
        self._business_calls = Rolling(self._business.window_s)
        self._sends: dict[str, deque[float]] = {}
        self._pairs: OrderedDict[str, float] = OrderedDict()
        self._inbox: deque[float] = deque(maxlen=INBOX_SENDS.calls + 1)
        self._threads: OrderedDict[str, deque[float]] = OrderedDict()
        self._shown: tuple[int, int, int, int] | None = None
        self._headers: tuple[tuple[str, str], ...] = ()

    def count(self, now: float, *, is_send: bool = False) -> None:
        """One call was made."""
        self._app_calls.add(now)
        if not is_send or self._platform != "whatsapp":
            self._business_calls.add(now)

    def refuse_call(self, now: float) -> Refusal | None:
        """What is answered to a call beyond the limits of the app or the account, if it is."""
        self._app_calls.expire(now)
        self._business_calls.expire(now)
        if self._app_calls.total > self._allowed(APP_CALLS):
            return refusal(APP_CALLS.code)
        if self._business_calls.total > self._allowed(self._business):
            return refusal(self._business.code)
        return None

    def refuse_send(self, now: float, *, kind: str, to: str, edge: str = "") -> Refusal | None:
        """What is answered to a send that comes too soon after others, if it does; otherwise it is
        counted. `edge` is for calls that have a rate of their own."""
        rate = sends_of(self._platform, kind, edge)
        times = self._sends.setdefault(rate.name, deque(maxlen=rate.calls))
        if len(times) == rate.calls and now - times[0] < rate.window_s:
            return refusal(rate.code)
        if self._platform == "whatsapp" and not edge:
            self._forget_pairs(now)
            if to in self._pairs:
                return refusal(PAIR_SENDS.code)
            self._pairs[to] = now
        times.append(now)
        return None

    def refuse_in_thread(self, now: float, *, to: str, limit: ThreadLimit) -> Refusal | None:
        """What is answered to a message beyond the limit of one conversation, if it is; otherwise
        it is counted."""
        calls, window_s = limit
        threads = self._threads
        # Whoever was written to last stands last.
        while threads and now - next(iter(threads.values()))[-1] >= window_s:
            threads.popitem(last=False)
        times = threads.get(to)
        if times is None or times.maxlen != calls:
            times = threads[to] = deque(times or (), maxlen=calls)
        if len(times) == calls and now - times[0] < window_s:
            return refusal(TEXT_SENDS.code)
        times.append(now)
        threads.move_to_end(to)
        return None

    def count_in_inbox(self, now: float) -> None:
        """The bot sends a message, or tries to."""
        self._inbox.append(now)

    def is_flooded(self, now: float) -> bool:
        """Whether so many messages were sent in the last second that the inbox shows none."""
        times = self._inbox
        return len(times) > INBOX_SENDS.calls and now - times[0] < INBOX_SENDS.window_s

    def headers(self, now: float, *, of_page: bool = False) -> tuple[tuple[str, str], ...]:
        """`x-app-usage`, and once it is 1% of its limit what the account has used; if `of_page`,
        the same in the older `x-page-usage`, of a limit of its own.

        Integers, in percent of the limit; the platform counts its time of computing as well, of
        which as much is assumed as of the calls. Minutes until calls are accepted again.
        """
        self._app_calls.expire(now)
        self._business_calls.expire(now)
        app = self._app_calls.total * 100 // self._allowed(APP_CALLS)
        calls, allowed = self._business_calls.total, self._allowed(self._business)
        business = calls * 100 // allowed
        wait = 0 if calls <= allowed else -int(-self._business_calls.eases_in(now) // 60)
        page = calls * 100 // self._allowed(PAGE_CALLS) if of_page else 0
        if (app, business, page, wait) != self._shown:
            self._shown = app, business, page, wait
            self._headers = (("x-app-usage", _told(app)),)
            if page:
                self._headers += (("x-page-usage", _told(page)),)
            if business:
                told = (
                    f'{{"{self._account_id}":[{{"type":"{self._platform}",'
                    f'"call_count":{business},"total_cputime":{business},"total_time":{business},'
                    f'"estimated_time_to_regain_access":{wait}}}]}}'
                )
                self._headers += (("x-business-use-case-usage", told),)
        return self._headers

    def _allowed(self, rate: Rate) -> int:
        return rate.calls * (max(1, self._users()) if rate.per_user else 1)

    def _forget_pairs(self, now: float) -> None:
        pairs = self._pairs
        while pairs and now - next(iter(pairs.values())) >= PAIR_SENDS.window_s:
            pairs.popitem(last=False)


def _told(percent: int) -> str:
    return f'{{"call_count":{percent},"total_time":{percent},"total_cputime":{percent}}}'

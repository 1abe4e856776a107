"""What the service allows and remembers, where its documents say so, and what they leave open."""

from dataclasses import dataclass

from emulator.clock import DAY_S

MB = 1_048_576


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Limits of the service and settings of the world.

    `name_kept_s` is how long the name of a task that ended can not be used again: about an hour by
    one page ("Quotas and limits"), up to a day by another (the reference of CreateTask).
    `slowest` is the fraction of its own rate to which a queue is slowed down at most, step by step,
    each half of the one before, and `errors_in_a_row` how many count as a high rate of errors: the
    documents say that it happens and not how much, so both are assumed.
    """

    name_kept_s: float = 3_600.0
    queue_name_kept_s: float = 3 * DAY_S  # reference, DeleteQueue: up to 3 days
    max_ahead_s: float = 30 * DAY_S  # Cloud Tasks docs, "Quotas and limits"
    kept_s: float = 31 * DAY_S  # as above: the longest that a task is kept
    max_task_bytes: int = MB  # as above: "Maximum task size"
    max_header_bytes: int = 80 * 1_024  # reference, HttpRequest: less than 80 KB
    max_url: int = 2_083  # as above
    usual_deadline_s: float = 600.0  # reference, Task: 10 minutes
    deadlines_s: tuple[float, float] = (15.0, 1_800.0)  # as above
    max_batch: int = 100  # reference, BatchCreateTasksRequest
    max_batch_delete: int = 1_000  # reference, BatchDeleteTasksRequest
    max_page: int = 1_000  # reference, ListTasksRequest
    max_rate: float = 500.0  # reference, RateLimits
    max_concurrent: int = 5_000  # as above
    billed_bytes: int = 32 * 1_024  # Cloud Tasks docs, "Pricing": an operation for each 32 KB
    slowest: float = 1 / 512
    errors_in_a_row: int = 10


USUAL = Rules()


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryConfig:
    """When and how often a task that failed is tried again; the defaults are those that the console
    shows for a new queue.

    No attempts more when both limits are reached; -1 attempts and 0 seconds are none.
    """

    max_attempts: int = 100
    max_retry_duration_s: float = 0.0
    min_backoff_s: float = 0.1
    max_backoff_s: float = 3_600.0
    max_doublings: int = 16

    def wait_before(self, retry: int) -> float:
        """Seconds before retry `retry` (1 is the first): doubling, then linear, then the longest
        (reference, RetryConfig).
        """
        doublings = min(retry - 1, self.max_doublings)
        # 2 to the power of more would be no float any more, and is beyond the longest anyway.
        steps = 1 if doublings == retry - 1 else retry - self.max_doublings
        return min(self.min_backoff_s * 2.0 ** min(doublings, 64) * steps, self.max_backoff_s)

    def is_over(self, attempts: int, age_s: float) -> bool:
        """Whether a task that failed is given up, `age_s` seconds after its first attempt."""
        counted, timed = self.max_attempts != -1, self.max_retry_duration_s > 0
        if not (counted or timed):
            return False
        return (not counted or attempts >= self.max_attempts) and (
            not timed or age_s >= self.max_retry_duration_s
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimits:
    """How fast a queue dispatches."""

    max_dispatches_per_second: float = 500.0
    max_concurrent_dispatches: int = 1_000

    @property
    def max_burst_size(self) -> int:
        """Reference, RateLimits: generally at least equal to the rate."""
        return max(1, -int(-self.max_dispatches_per_second // 1))

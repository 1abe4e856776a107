"""What an account may ask for and how long the service remembers; not what a bot may do."""

import datetime
from dataclasses import dataclass, replace

from emulator.clock import DAY_S
from emulator.errors import ScenarioError

MB = 1_048_576


@dataclass(frozen=True, slots=True)
class Plan:
    """The limits of one account; None is no limit.

    The defaults are for development: of what a single message may be they are those of the free
    plan, and how many there may be is not limited more than a paying account's is.
    """

    max_retries: int = (
        5  # what free accounts and the vendor's development server were observed to refuse beyond
    )
    max_delay_s: int = 604_800  # QStash docs, "Delay"
    max_body_bytes: int = MB  # QStash pricing, "Max message size"
    max_batch_bytes: int = 100 * MB  # QStash changelog of 2024-12, batch requests
    timeout_s: float = 900.0  # QStash pricing, "Max HTTP response duration"
    log_retention_s: float = 3 * DAY_S  # QStash pricing, "Logs retention"
    max_log_entries: int = 10_000  # Upstash developer API, account quota max_events_size
    dlq_retention_s: float = 3 * DAY_S  # QStash pricing, "DLQ retention"
    max_dead_letters: int = 1_000_000  # Upstash developer API, account quota max_dlq_size
    max_messages_per_day: int | None = None
    max_requests_per_second: int | None = None  # of reading and managing; publishing has none
    max_topics: int = 100  # QStash pricing, pay as you go, "URL groups"
    max_endpoints_per_topic: int = 100  # QStash pricing, "Endpoints per URL group"
    max_schedules: int = 1_000  # QStash pricing, pay as you go, "Active schedules"
    max_queues: int = 100  # QStash pricing, pay as you go, "Queues"
    max_queue_parallelism: int | None = None
    max_global_parallelism: int | None = None


# QStash pricing page; Upstash developer API, the example of a free account
FREE = Plan(
    max_messages_per_day=1_000,
    max_requests_per_second=100,
    max_topics=1,
    max_schedules=10,
    max_queues=10,
    max_queue_parallelism=2,
    max_global_parallelism=10,
)
PAYG = Plan(
    max_delay_s=31_536_000,
    max_body_bytes=10 * MB,
    timeout_s=7_200.0,
    log_retention_s=7 * DAY_S,  # the pages say 7 days here and 14 there
    dlq_retention_s=7 * DAY_S,
    max_requests_per_second=100,
    max_global_parallelism=100,
)
FIXED_1M = replace(
    PAYG,
    max_body_bytes=50 * MB,
    dlq_retention_s=30 * DAY_S,
    max_messages_per_day=1_000_000,
    max_queue_parallelism=200,
    max_global_parallelism=200,
)
FIXED_10M = replace(
    FIXED_1M,
    dlq_retention_s=90 * DAY_S,
    max_messages_per_day=10_000_000,
    max_queue_parallelism=1_000,
    max_global_parallelism=1_000,
)
# The pricing page of before: fewer messages, shorter responses, retries limited by the plan.
FREE_OLD = replace(FREE, max_messages_per_day=500, timeout_s=120.0, max_retries=3)
PAYG_OLD = replace(
    PAYG,
    max_messages_per_day=500_000,
    max_body_bytes=MB,
    max_delay_s=2_592_000,
    timeout_s=300.0,
)

# No page tells the day of the change; the older ones left the docs in December 2025.
CHANGED = datetime.date(2025, 12, 1)

_BEGINNING = datetime.date(1, 1, 1)
PLANS: dict[str, tuple[tuple[datetime.date, Plan], ...]] = {
    "dev": ((_BEGINNING, Plan()),),
    "free": ((_BEGINNING, FREE_OLD), (CHANGED, FREE)),
    "payg": ((_BEGINNING, PAYG_OLD), (CHANGED, PAYG)),
    "fixed-1m": ((_BEGINNING, FIXED_1M),),
    "fixed-10m": ((_BEGINNING, FIXED_10M),),
}


def plan_of(name: str, *, on: datetime.date | None = None) -> Plan:
    """The plan as it was on a day, by default as it is; raises ScenarioError for another name."""
    if name not in PLANS:
        raise ScenarioError(f"no plan '{name}', only {', '.join(PLANS)}")
    dated = PLANS[name]
    if on is None:
        return dated[-1][1]
    return [plan for since, plan in dated if since <= on][-1]

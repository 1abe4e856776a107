"""What an account may ask for and how long the service remembers; not what a bot may do."""

from dataclasses import dataclass

from emulator.clock import DAY_S


@dataclass(frozen=True, slots=True)
class Plan:
    """The limits of one account. The defaults are those of the free plan."""

    max_retries: int = (
        5  # what free accounts and the vendor's development server were observed to refuse beyond
    )
    max_delay_s: int = 604_800  # QStash docs, "Delay"
    max_body_bytes: int = 1_048_576  # QStash pricing, "Max message size"
    timeout_s: float = 900.0  # QStash pricing, "Max HTTP response duration"
    log_retention_s: float = 3 * DAY_S  # QStash pricing, "Logs retention"
    max_log_entries: int = 10_000  # Upstash developer API, account quota max_events_size
    dlq_retention_s: float = 3 * DAY_S  # QStash pricing, "DLQ retention"
    max_dead_letters: int = 1_000_000  # Upstash developer API, account quota max_dlq_size

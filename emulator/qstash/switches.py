"""What no source settles about the service, each with a default that is safe to rely on."""

import math
from dataclasses import dataclass
from typing import Literal

from emulator.chance import Chance


@dataclass(frozen=True, slots=True)
class Switches:
    """How the fake behaves where the documents are silent or at odds.

    follow_redirects: a delivery answered with 3xx goes on to its `Location`, five times at most;
      else it is a failure.
    allow_private: destinations in private ranges are taken, as the development server does.
    retry_jitter: retries are put off by up to this share of their delay, drawn from the seed.
    retry_whole_seconds: retries are put off by whole seconds, rounded up, instead of milliseconds.
    query_wins: of a header and a query key of the same name the latter counts.
    content_hash: what content-based deduplication covers: destination, body, content type and
      forwarded headers, as the guide says, or the body alone, as the REST description does.
    active_when_accepted: a delayed message is logged as ACTIVE at once, and again when it is tried.
    regions_apart: an address of another region than the account's does not know its token. Else all
      of the vendor's addresses are the account's, so that a bot may have any of them in its code.
    accept_encoding: the `Accept-Encoding` of deliveries; none when empty.
    http_version: of deliveries. Bots in this process see it; over sockets without TLS, where HTTP/2
      is not agreed upon, it is 1.1 always.
    extended_expressions: retry delays may use `%` and `^`.
    bulk_cancel_ignores_count: as the hosted service does since September 2026, where cancelling by
      filter may also be a tracked action.
    The statuses are those of a publish that is deduplicated, of a batch of nothing but duplicates,
    of a cancelled message, of too many retries, of an oversized body, of a destination that is
    neither a URL nor a known group, and of a modifying request with a read-only token;
    `failed_callback_status` is the `status` that callbacks are told when there was no response.
    """

    follow_redirects: bool = False
    allow_private: bool = True
    retry_jitter: float = 0.0
    retry_whole_seconds: bool = False
    query_wins: bool = False
    content_hash: Literal["all", "body"] = "all"
    active_when_accepted: bool = False
    regions_apart: bool = False
    accept_encoding: str = ""
    http_version: Literal["1.1", "2"] = "1.1"
    extended_expressions: bool = False
    bulk_cancel_ignores_count: bool = False
    duplicate_status: int = 202
    batch_of_duplicates_status: int = 200
    cancel_status: int = 202
    max_retries_status: int = 400
    oversized_status: int = 413
    unknown_group_status: int = 400
    read_only_status: int = 403
    failed_callback_status: int = 0

    def retry_wait(self, wait_s: float, chance: Chance, name: str) -> float:
        """Seconds before the attempt of this name, from those that the rules for retries give."""
        if self.retry_jitter:
            wait_s *= 1 + self.retry_jitter * chance.fraction(f"jitter/{name}")
            wait_s = round(wait_s, 3)
        return float(math.ceil(wait_s)) if self.retry_whole_seconds else wait_s


DEFAULT_SWITCHES = Switches()

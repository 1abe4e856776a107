"""Where a message goes: the rest of a publish request's raw path, exactly as sent."""

import ipaddress
import re
from functools import lru_cache
from urllib.parse import quote, urlsplit

from emulator.qstash.refusal import Refused

PUBLISH_PATH = "/v2/publish/"
ENQUEUE_PATH = "/v2/enqueue/"
SCHEDULES_PATH = "/v2/schedules/"

_ASCII = "".join(map(chr, range(128)))
_NOT_OF_A_URL = re.compile(r"[\x00-\x20\x7f]")


def destination(raw_path: str, query: str) -> str:
    """The destination in a publish request's raw path, with its query, exactly as sent."""
    return with_query(raw_path[len(PUBLISH_PATH) :], query)


def with_query(url: str, query: str) -> str:
    return f"{url}?{query}" if query else url


def split_queue(raw_path: str) -> tuple[str, str]:
    """The queue's name and the rest in an enqueue request's raw path."""
    name, _, rest = raw_path[len(ENQUEUE_PATH) :].partition("/")
    return name, rest


def escaped(url: str) -> str:
    """A URL from JSON as it would stand in a raw path: characters beyond ASCII are escaped."""
    return url if url.isascii() else quote(url, safe=_ASCII)


def is_url(text: str) -> bool:
    """Whether this is meant as an address, and not as the name of a URL group."""
    return text.startswith(("http://", "https://"))


@lru_cache(maxsize=1_024)
def check_destination(url: str, *, allow_loopback: bool, allow_private: bool = True) -> None:
    """Raise Refused (400) unless this is a URL that messages can be sent to."""
    if not is_url(url):
        raise Refused(
            400, "invalid destination url: endpoint has invalid scheme, add http:// or https://"
        )
    if _NOT_OF_A_URL.search(url):
        raise Refused(400, "invalid destination url: endpoint has an invalid character")
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        host = None
    if not host:
        raise Refused(400, "invalid destination url: endpoint has no valid host")
    if not allow_loopback and (address := _loopback_address(host)) is not None:
        raise Refused(
            400, f"invalid destination url: endpoint resolves to a loopback address: {address}"
        )
    if not allow_private and _is_private(host):
        raise Refused(
            400, f"invalid destination url: endpoint resolves to a private address: {host}"
        )


def _loopback_address(host: str) -> str | None:
    if host == "localhost" or host.endswith(".localhost"):
        return "::1"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    return str(address) if address.is_loopback else None


def _is_private(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_private and not address.is_loopback

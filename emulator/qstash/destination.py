"""Where a message goes: the rest of a publish request's raw path, exactly as sent."""

import ipaddress
from urllib.parse import urlsplit

from emulator.qstash.refusal import Refused

PUBLISH_PATH = "/v2/publish/"


def destination(raw_path: str, query: str) -> str:
    """The destination in a publish request's raw path, with its query, exactly as sent."""
    url = raw_path[len(PUBLISH_PATH) :]
    return f"{url}?{query}" if query else url


def check_destination(url: str, *, allow_loopback: bool) -> None:
    """Raise Refused (400) unless this is a URL that messages can be sent to."""
    if not url.startswith(("http://", "https://")):
        raise Refused(
            400, "invalid destination url: endpoint has invalid scheme, add http:// or https://"
        )
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


def _loopback_address(host: str) -> str | None:
    if host == "localhost" or host.endswith(".localhost"):
        return "::1"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    return str(address) if address.is_loopback else None

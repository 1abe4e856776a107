"""Who may speak to the API: programs of this machine, and no web page."""

from urllib.parse import urlsplit

from emulator.exchange import Request

LOCAL_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})


def refusal(request: Request, *, port: int) -> str | None:
    """Why a request is refused, or None.

    A page on the internet can have a browser on this machine send requests here: to the loopback
    address, where the browser says which origin it was, or to a name of the page's own that is made
    to point here (DNS rebinding), which then stands in the Host header.
    """
    host = request.header("host") or ""
    if _name(host) not in LOCAL_NAMES:
        return (
            f"the Host header is {_shown(host)}: this is served on the loopback address only, ask "
            f"for http://127.0.0.1:{port}"
        )
    origin = request.header("origin")
    own = {f"http://{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]")}
    if origin is not None and origin.lower() not in own:
        return (
            f"requests of web pages are refused, and this one comes from {_shown(origin)}: send it "
            "from a program, or from a test that runs outside of a browser"
        )
    site = request.header("sec-fetch-site")
    if site is not None and site.lower() in ("cross-site", "same-site"):
        return "requests of web pages are refused: send it from a program"
    return None


def _name(host: str) -> str:
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def _shown(text: str) -> str:
    return repr(text[:80]) if text else "missing"

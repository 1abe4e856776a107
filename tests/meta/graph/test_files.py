"""Links of attachments: good for a week, and only as they were given out."""

import pytest

from emulator.chance import Chance
from emulator.exchange import Reply, Request
from emulator.meta.graph.files import FILE_LIFE_S, FILES_ORIGIN, file_url, serve_file

NOW = 1_790_000_000.0


def get(url: str, *, unix: float = NOW, method: str = "GET") -> Reply:
    return serve_file(Chance(0), Request(method, url), unix=unix)


@pytest.mark.parametrize(
    ("kind", "content_type"),
    [
        ("image", "image/png"),
        ("sticker", "image/png"),
        ("audio", "audio/mpeg"),
        ("video", "video/mp4"),
        ("reel", "video/mp4"),
        ("file", "text/plain"),
    ],
)
def test_file__of_its_kind(kind: str, content_type: str) -> None:
    url = file_url(Chance(0), "u0", kind, unix=NOW)

    reply = get(url)

    assert url.startswith(FILES_ORIGIN + "/v/")
    assert reply.status == 200
    assert reply.header("content-type") == content_type
    assert reply.header("content-length") == str(len(reply.body))
    assert reply.body


def test_file__head_has_no_body() -> None:
    reply = get(file_url(Chance(0), "u0", "image", unix=NOW), method="HEAD")

    assert (reply.status, reply.body) == (200, b"")


def test_file__link_expires() -> None:
    url = file_url(Chance(0), "u0", "image", unix=NOW)

    assert get(url, unix=NOW + FILE_LIFE_S - 1).status == 200
    late = get(url, unix=NOW + FILE_LIFE_S)
    assert (late.status, late.body) == (403, b"URL signature expired")


@pytest.mark.parametrize("change", ["path", "expiry", "hash", "nothing"])
def test_file__link_that_was_never_given_out(change: str) -> None:
    url = file_url(Chance(0), "u0", "image", unix=NOW)
    forged = {
        "path": url.replace("_n.png", "_o.png"),
        "expiry": url + "0",
        "hash": url.replace("oh=", "oh=%C3%A4"),
        "nothing": FILES_ORIGIN + "/v/x.exe",
    }[change]

    reply = get(forged)

    assert (reply.status, reply.body) == (403, b"Bad URL hash")


def test_file__is_only_read() -> None:
    assert get(file_url(Chance(0), "u0", "image", unix=NOW), method="POST").status == 405

"""The files behind the links of attachments: small, made up, and gone when the link expires."""

import hmac
from urllib.parse import parse_qs

from emulator.chance import DIGITS, Chance
from emulator.clock import WEEK_S
from emulator.exchange import Reply, Request

FILES_ORIGIN = "https://scontent.xx.fbcdn.net"

# Real links expire; no page says after how long. Seconds.
FILE_LIFE_S = WEEK_S

# One transparent pixel.
_PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000b4944415478da636000020000050001e9fadcd80000000049454e44ae426082"
)
_FILES = {
    "png": ("image/png", _PNG),
    "mp3": ("audio/mpeg", b"ID3\x04\x00\x00\x00\x00\x00\x00"),
    "mp4": ("video/mp4", b"\x00\x00\x00\x10ftypisom\x00\x00\x02\x00"),
    "txt": ("text/plain", b"made up\n"),
}
_EXTENSIONS = {"audio": "mp3", "video": "mp4", "reel": "mp4", "ig_reel": "mp4", "file": "txt"}


def file_url(chance: Chance, name: str, kind: str, *, unix: float) -> str:
    """A signed link to the file of an attachment that is sent at `unix` seconds."""
    number = chance.text(f"meta/file/{name}", 15, DIGITS)
    path = f"/v/t1.15752-9/{number}_n.{_EXTENSIONS.get(kind, 'png')}"
    expires = f"{int(unix + FILE_LIFE_S):x}"
    return f"{FILES_ORIGIN}{path}?oh={_sign(chance, path, expires)}&oe={expires}"


def serve_file(chance: Chance, request: Request, *, unix: float) -> Reply:
    """The file; 403 for a link that has expired or was never given out, 405 for anything but GET
    and HEAD."""
    if request.method not in ("GET", "HEAD"):
        return _plain(405, "Method Not Allowed")
    query = parse_qs(request.raw_query)
    hash_given, expires = query.get("oh", [""])[0], query.get("oe", [""])[0]
    path = request.raw_path
    if not hmac.compare_digest(hash_given.encode(), _sign(chance, path, expires).encode()):
        return _plain(403, "Bad URL hash")
    if unix >= int(expires, 16):
        return _plain(403, "URL signature expired")
    content_type, body = _FILES[path.rpartition(".")[2]]
    headers = (("content-type", content_type), ("content-length", str(len(body))))
    return Reply(200, headers, b"" if request.method == "HEAD" else body)


def _sign(chance: Chance, path: str, expires: str) -> str:
    return chance.bits(f"meta/file-hash/{path}/{expires}", 16).hex()


def _plain(status: int, text: str) -> Reply:
    return Reply(status, (("content-type", "text/plain"),), text.encode())

"""Files with ids: what was uploaded, and what people sent on WhatsApp; made up if it was not
uploaded.
"""

import hmac
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import parse_qs

from emulator.chance import DIGITS, Chance
from emulator.exchange import Reply, Request

# WhatsApp docs, "Media": links are for five minutes, and for who has the token.
MEDIA_ORIGIN = "https://lookaside.fbsbx.com"
MEDIA_PATH = "/whatsapp_business/attachments/"
LINK_LIFE_S = 300.0

# How many bytes and files are kept; the oldest go first.
KEEP_BYTES = 64_000_000
KEEP_FILES = 10_000

# WhatsApp docs, "Media", supported types: the most bytes of each.
SIZE_LIMITS: Mapping[str, int] = {
    "image": 5_000_000,
    "audio": 16_000_000,
    "video": 16_000_000,
    "sticker": 500_000,
    "document": 100_000_000,
}
_SAMPLES: Mapping[str, tuple[str, bytes]] = {
    "image": ("image/jpeg", bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffd9")),
    "audio": ("audio/ogg; codecs=opus", b"OggS\x00\x02" + bytes(22)),
    "video": ("video/mp4", b"\x00\x00\x00\x10ftypisom\x00\x00\x02\x00"),
    "document": ("application/pdf", b"%PDF-1.4\n%%EOF\n"),
    "sticker": ("image/webp", b"RIFF\x04\x00\x00\x00WEBP"),
}


@dataclass(frozen=True, slots=True)
class MediaFile:
    """One file; its `id` is digits."""

    id: str
    mime_type: str
    data: bytes
    kind: str = "document"

    @property
    def sha256(self) -> str:
        """Base64, as webhooks have it."""
        return b64encode(sha256(self.data).digest()).decode("ascii")

    @property
    def sha256_hex(self) -> str:
        """Hex, as the endpoint of the file has it."""
        return sha256(self.data).hexdigest()


class Media:
    """Files by id. Links to them are signed, and not remembered."""

    def __init__(self, chance: Chance) -> None:
        self._chance = chance
        self._files: dict[str, MediaFile] = {}
        self._bytes = 0

    def received(self, name: str, kind: str, *, mime_type: str | None = None) -> MediaFile:
        """A person has sent a file of this kind; `name` is a causal name."""
        usual, data = _SAMPLES.get(kind, _SAMPLES["document"])
        return self.keep(name, kind, data, mime_type=mime_type or usual)

    def keep(self, name: str, kind: str, data: bytes, *, mime_type: str) -> MediaFile:
        """Keep a file under an id of its own, drawn by name."""
        number = "1" + self._chance.text(f"meta/media-file/{name}", 15, DIGITS)
        self.remove(number)
        file = self._files[number] = MediaFile(number, mime_type, data, kind)
        self._bytes += len(data)
        while self._bytes > KEEP_BYTES or len(self._files) > KEEP_FILES:
            self.remove(next(iter(self._files)))
        return file

    def find(self, media_id: str) -> MediaFile | None:
        return self._files.get(media_id)

    def remove(self, media_id: str) -> bool:
        """Whether there was such a file."""
        file = self._files.pop(media_id, None)
        if file is not None:
            self._bytes -= len(file.data)
        return file is not None

    def link(self, file: MediaFile, *, unix: float) -> str:
        """Where the file can be fetched from, from `unix` seconds on and not for long."""
        expires = str(int(unix + LINK_LIFE_S))
        signed = self._sign(file.id, expires)
        return f"{MEDIA_ORIGIN}{MEDIA_PATH}?mid={file.id}&ext={expires}&hash={signed}"

    def serve(self, request: Request, *, unix: float) -> Reply:
        """The file; 404 for a link that has expired or was never given out, 405 for anything but
        GET and HEAD. Whether the token is right is not asked here."""
        if request.method not in ("GET", "HEAD"):
            return _plain(405, "Method Not Allowed")
        query = parse_qs(request.raw_query)
        media_id, expires, signed = (query.get(name, [""])[0] for name in ("mid", "ext", "hash"))
        file = self._files.get(media_id)
        right = hmac.compare_digest(signed.encode(), self._sign(media_id, expires).encode())
        if request.raw_path != MEDIA_PATH or file is None or not right or unix >= int(expires):
            return _plain(404, "Not Found")
        headers = (("content-type", file.mime_type), ("content-length", str(len(file.data))))
        return Reply(200, headers, b"" if request.method == "HEAD" else file.data)

    def _sign(self, media_id: str, expires: str) -> str:
        return self._chance.bits(f"meta/media-link/{media_id}/{expires}", 24).hex()


def _plain(status: int, text: str) -> Reply:
    return Reply(status, (("content-type", "text/plain"),), text.encode())

"""Attachments that a bot uploads once and sends by their ids; Messenger docs, "Attachment Upload
API".
"""

from collections.abc import Mapping

from emulator.chance import DIGITS, Chance
from emulator.meta.graph.addressing import Refusal, invalid
from emulator.meta.graph.files import file_url
from emulator.meta.graph.multipart import Upload
from emulator.meta.graph.parameters import as_object
from emulator.meta.graph.refusals import refusal
from emulator.meta.sends.contents import Attachment, as_id

SIZE_LIMIT = 25_000_000  # bytes; Messenger docs, "Attachment Upload API"
IMAGE_SIZE_LIMIT = 8_000_000  # bytes; the same page

# How many are known at a time; the oldest go first.
KEEP_UPLOADS = 10_000


class Uploads:
    """The attachments of one account that have an id. What is in an uploaded file is not kept."""

    def __init__(self, chance: Chance) -> None:
        self._chance = chance
        self._known: dict[str, Attachment] = {}

    def keep(self, attachment: Attachment, *, name: str) -> str:
        """Remember an attachment with a link; its id, 16 digits that are drawn by name."""
        number = "1" + self._chance.text(f"meta/upload/{name}", 15, DIGITS)
        self._known[number] = attachment
        if len(self._known) > KEEP_UPLOADS:
            del self._known[next(iter(self._known))]
        return number

    def find(self, attachment_id: str) -> Attachment | None:
        return self._known.get(attachment_id)

    def resolve(
        self, attachment: Attachment, upload: Upload | None, *, name: str, unix: float
    ) -> Attachment | Refusal:
        """The attachment as an echo shows it: of what was uploaded, now or before, there is a link.

        `name` is a causal name, for that link.
        """
        kind = str(attachment.get("type"))
        payload = as_object(attachment.get("payload"))
        if payload is None or kind == "template":
            return {"type": kind} if payload is None else {"type": kind, "payload": payload}
        known = as_id(payload.get("attachment_id"))
        if known is not None:
            found = self.find(known)
            if found is None or found["type"] != kind:
                return invalid(f"Attachment {known} is not one of this type that can be sent")
            return found
        shown: Mapping[str, object] = {
            key: value for key, value in payload.items() if key != "is_reusable"
        }
        if upload is not None and "url" not in payload:
            limit = IMAGE_SIZE_LIMIT if kind == "image" else SIZE_LIMIT
            if len(upload.data) > limit:
                return refusal(100, 2018109)
            shown = {"url": file_url(self._chance, name, kind, unix=unix)}
        return {"type": kind, "payload": shown}

"""The comments that people wrote below posts, and which of them had their private reply."""

from dataclasses import dataclass

from emulator.clock import DAY_S
from emulator.meta.graph.addressing import Refusal
from emulator.meta.graph.refusals import refusal

# Messenger docs, "Private Replies": one message, within seven days of the comment.
REPLY_WITHIN_S = 7 * DAY_S

# How many comments are known at a time; the oldest can no longer be answered.
KEEP_COMMENTS = 10_000


@dataclass(slots=True, eq=False)
class Comment:
    """A comment of a person, or the post itself if a person wrote it; `at` in seconds of the clock.

    `mid` is that of the private reply that it had; `live` is one to a live video.
    """

    author: str
    at: float
    post_id: str | None = None
    mid: str | None = None
    live: bool = False


class Comments:
    """Comments and posts by their ids."""

    def __init__(self) -> None:
        self._known: dict[str, Comment] = {}

    def wrote(
        self,
        comment_id: str,
        author: str,
        *,
        at: float,
        post_id: str | None = None,
        live: bool = False,
    ) -> None:
        """A person (by the id that a page sees) has written a comment or a post."""
        self._known[comment_id] = Comment(author, at, post_id, live=live)
        if len(self._known) > KEEP_COMMENTS:
            del self._known[next(iter(self._known))]

    def find(self, comment_id: str) -> Comment | None:
        return self._known.get(comment_id)

    def refuse_private_reply(self, comment: Comment, now: float) -> Refusal | None:
        """What is wrong with a message to the author, if anything. After exactly seven days it is
        too late."""
        if comment.mid is not None:
            return refusal(10900)
        if now - comment.at >= REPLY_WITHIN_S:
            return refusal(10, 2018278)
        return None

"""How people react to a message: the platform's names for it, and the emoji that go with them."""

from collections.abc import Mapping
from typing import Literal, get_args

from emulator.errors import ScenarioError

# Messenger docs, "Webhook Events Reference", message_reactions.
Reaction = Literal["smile", "angry", "sad", "wow", "love", "like", "dislike", "other"]
ReactionAction = Literal["react", "unreact"]

EMOJI: Mapping[Reaction, str] = {
    "smile": "\U0001f606",
    "angry": "\U0001f620",
    "sad": "\U0001f622",
    "wow": "\U0001f62e",
    "love": "\u2764",
    "like": "\U0001f44d",
    "dislike": "\U0001f44e",
    "other": "\U0001f389",
}


def check_reaction(reaction: Reaction, action: ReactionAction) -> None:
    """Raises ScenarioError when people can not react so."""
    if reaction not in EMOJI:
        raise ScenarioError(f"reaction must be one of {', '.join(EMOJI)}, not {reaction}")
    if action not in get_args(ReactionAction):
        raise ScenarioError(f"action must be one of react, unreact, not {action}")

"""The messaging platform: webhooks to the bot, and the Graph API for its answers."""

from emulator.meta.attachment import AttachmentKind
from emulator.meta.credentials import Credentials
from emulator.meta.delivery import Ack, Alert, Spacing
from emulator.meta.endpoints import EchoToSelf
from emulator.meta.inbox import BatchMode
from emulator.meta.messenger import Messenger
from emulator.meta.outbox import Action, Sent
from emulator.meta.reaction import Reaction, ReactionAction
from emulator.meta.subscribed import Stop
from emulator.meta.subscription import Field, Handshake
from emulator.meta.user_message import Event, UserMessage
from emulator.meta.window import EventTags

__all__ = [
    "Ack",
    "Action",
    "Alert",
    "AttachmentKind",
    "BatchMode",
    "Credentials",
    "EchoToSelf",
    "Event",
    "EventTags",
    "Field",
    "Handshake",
    "Messenger",
    "Reaction",
    "ReactionAction",
    "Sent",
    "Spacing",
    "Stop",
    "UserMessage",
]

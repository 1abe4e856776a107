"""The messaging platform: webhooks to the bot, and the Graph API for its answers."""

from emulator.meta.account import Account
from emulator.meta.attachment import AttachmentKind
from emulator.meta.credentials import Credentials
from emulator.meta.delivery import Ack, Alert, Spacing
from emulator.meta.inbox import BatchMode
from emulator.meta.instagram import Instagram
from emulator.meta.messenger import Messenger
from emulator.meta.outbox import Action, Sent
from emulator.meta.platform import Field, PlatformName
from emulator.meta.reaction import Reaction, ReactionAction
from emulator.meta.site import EchoToSelf, GraphOptions
from emulator.meta.subscribed import Stop
from emulator.meta.subscription import Handshake
from emulator.meta.update import Event
from emulator.meta.user_message import UserMessage
from emulator.meta.whatsapp import WhatsApp
from emulator.meta.window import EventTags

__all__ = [
    "Account",
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
    "GraphOptions",
    "Handshake",
    "Instagram",
    "Messenger",
    "PlatformName",
    "Reaction",
    "ReactionAction",
    "Sent",
    "Spacing",
    "Stop",
    "UserMessage",
    "WhatsApp",
]

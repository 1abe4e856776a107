"""The messaging platform: webhooks to the bot, and the Graph API for its answers."""

from emulator.meta.account import Account
from emulator.meta.credentials import Credentials
from emulator.meta.delivery.courier import Ack, Alert, Spacing
from emulator.meta.delivery.subscribed import Stop
from emulator.meta.delivery.subscription import Handshake
from emulator.meta.graph.site import EchoToSelf, GraphOptions
from emulator.meta.inbox import BatchMode
from emulator.meta.instagram import Instagram
from emulator.meta.items.attachment import AttachmentKind
from emulator.meta.items.reaction import Reaction, ReactionAction
from emulator.meta.items.update import Event
from emulator.meta.items.user_message import UserMessage
from emulator.meta.messenger import Messenger
from emulator.meta.platform import Field, PlatformName
from emulator.meta.sends.outbox import Action, Sent
from emulator.meta.sends.window import EventTags
from emulator.meta.whatsapp import WhatsApp

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

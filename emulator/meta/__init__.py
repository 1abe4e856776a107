"""The messaging platform: webhooks to the bot, and the Graph API for its answers."""

from emulator.meta.credentials import Credentials
from emulator.meta.delivery import Ack, Alert, Spacing
from emulator.meta.inbox import BatchMode, UserMessage
from emulator.meta.messenger import EchoToSelf, Messenger
from emulator.meta.outbox import Action, Sent
from emulator.meta.subscription import Field, Handshake

__all__ = [
    "Ack",
    "Action",
    "Alert",
    "BatchMode",
    "Credentials",
    "EchoToSelf",
    "Field",
    "Handshake",
    "Messenger",
    "Sent",
    "Spacing",
    "UserMessage",
]

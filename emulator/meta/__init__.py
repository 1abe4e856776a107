"""The messaging platform: webhooks to the bot, and the Graph API for its answers."""

from emulator.meta.credentials import Credentials
from emulator.meta.delivery import Ack, Alert, Spacing
from emulator.meta.messenger import BatchMode, Messenger, UserMessage
from emulator.meta.outbox import Sent
from emulator.meta.subscription import Handshake

__all__ = [
    "Ack",
    "Alert",
    "BatchMode",
    "Credentials",
    "Handshake",
    "Messenger",
    "Sent",
    "Spacing",
    "UserMessage",
]

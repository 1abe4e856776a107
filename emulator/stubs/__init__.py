"""Stubs for whatever else a bot needs, and the tokens that Google's own clients ask for first."""

from emulator.stubs.google_certs import GoogleCerts
from emulator.stubs.google_tokens import GoogleTokens
from emulator.stubs.other_protocols import OtherProtocols
from emulator.stubs.service import Recorded, StubService
from emulator.stubs.stub import Answer, Fault, Stub

__all__ = [
    "Answer",
    "Fault",
    "GoogleCerts",
    "GoogleTokens",
    "OtherProtocols",
    "Recorded",
    "Stub",
    "StubService",
]

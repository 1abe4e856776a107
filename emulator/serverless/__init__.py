"""Serverless hosts: instances of the bot, frozen after each response."""

from emulator.serverless.asgi import AsgiDriver
from emulator.serverless.host import Host, HostProfile
from emulator.serverless.simulation import Simulation

__all__ = ["AsgiDriver", "Host", "HostProfile", "Simulation"]

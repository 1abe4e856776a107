"""A fake outside world for serverless chat bots."""

from emulator.serverless import AsgiDriver, HostProfile, Simulation
from emulator.world import World

__all__ = ["AsgiDriver", "HostProfile", "Simulation", "World"]

"""The errors the harness raises; the type says whose fault it is."""

from emulator.errors import ThriceError


class HarnessError(ThriceError):
    """Base of everything the harness raises on purpose."""


class ProfileError(HarnessError):
    """The profile of a bot is wrong; its user corrects it, and nothing has been started yet."""


class UsageError(HarnessError):
    """What the user asked for does not exist; the message names what does."""

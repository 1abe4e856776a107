"""The errors the emulator raises; the type says whose fault it is."""


class ThriceError(Exception):
    """Base of everything raised on purpose."""


class ScenarioError(ThriceError):
    """The user of the emulator asked for something that makes no sense."""


class EmulatorBug(ThriceError):
    """An invariant of the emulator itself is broken; never the bot's fault."""


class BotError(ThriceError):
    """The bot can not be run: it does not import, raises at start-up, or never gives control
    back.
    """


class BotImportError(BotError):
    """The bot's module, or a module that it imports, can not be loaded."""


class BotStartError(BotError):
    """The bot's ASGI lifespan start-up failed."""


class BotDiedError(BotError):
    """The bot's processes end by themselves again and again."""


class BotHungError(BotError):
    """The bot computed or blocked for longer than the watchdog allows; carries the stack it hung
    in.
    """

    def __init__(self, message: str, stack: str) -> None:
        super().__init__(message, stack)
        self.stack = stack

    def __str__(self) -> str:
        return str(self.args[0])


class DirectBindingError(BotError):
    """The bot would have stood still where the direct binding has no thread for it, or made a call
    with another client than the one it was given.
    """

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what

    def __str__(self) -> str:
        return (
            f"{self.what}, but the direct binding has one thread for everything and one client; "
            "run it without: module:attribute, or a factory that is given no client"
        )


class UnfitRunError(ThriceError):
    """A live run that nothing may be judged by: the bot's own timers may have decided it."""


class UnsupportedLibraryError(ThriceError):
    """The bot reached for the network by other means than httpx, which the simulation can not
    mediate.
    """

"""The one kind of failure that the bot's callers are told of."""


class TryAgainError(Exception):
    """Something failed, or may have failed; whoever called the bot has to call again."""

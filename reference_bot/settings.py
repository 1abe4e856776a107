"""What the bot is configured with, read from environment variables. It holds no defaults for
secrets.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields

WEBHOOK_PATH = "/api/messenger"
CONSUMER_PATH = "/api/process-message"


class SettingsError(Exception):
    """The bot can not work with the settings it was given."""


def _variable(name: str, default: str = "", *, secret: bool = False) -> str:
    # Secrets stay out of repr: settings end up in tracebacks and logs.
    value: str = field(default=default, metadata={"variable": name}, repr=not secret)
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All addresses and secrets of the bot.

    Reading them never fails, so that the module imports in a build step without an environment;
    `check` does, and is called before the first request is handled.
    """

    app_secret: str = _variable("FB_APP_SECRET", secret=True)
    verify_token: str = _variable("FB_VERIFY_TOKEN", secret=True)
    page_token: str = _variable("FB_PAGE_TOKEN", secret=True)
    graph_url: str = _variable("GRAPH_URL", "https://graph.facebook.com/v23.0")
    qstash_url: str = _variable("QSTASH_URL", "https://qstash.upstash.io")
    qstash_token: str = _variable("QSTASH_TOKEN", secret=True)
    current_signing_key: str = _variable("QSTASH_CURRENT_SIGNING_KEY", secret=True)
    next_signing_key: str = _variable("QSTASH_NEXT_SIGNING_KEY", secret=True)
    public_url: str = _variable("PUBLIC_URL")
    firestore_url: str = _variable("FIRESTORE_URL", "https://firestore.googleapis.com/v1")
    firestore_project: str = _variable("FIRESTORE_PROJECT")
    firestore_token: str = _variable("FIRESTORE_TOKEN", secret=True)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> "Settings":
        """The settings of this process, or of the given variables. An empty variable is a missing
        one.
        """
        given = os.environ if environment is None else environment
        values = {f.name: given.get(f.metadata["variable"], "").strip() for f in fields(cls)}
        return cls(**{name: value for name, value in values.items() if value})

    def check(self) -> "Settings":
        """These settings; raises SettingsError, with the names of the variables, when some are
        missing.
        """
        missing = [f.metadata["variable"] for f in fields(self) if not getattr(self, f.name)]
        if missing:
            raise SettingsError(f"set {', '.join(missing)} in the bot's environment")
        return self

    def address(self, path: str) -> str:
        """Where a route of this bot is reached from outside: `https://bot.example/api/x`."""
        return self.public_url.rstrip("/") + path

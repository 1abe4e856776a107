"""What the bot is configured with, read from environment variables. It holds no defaults for
secrets.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from reference_bot.breaker import LEAST_PUBLISHES
from reference_bot.message import Platform

WEBHOOK_PATH = "/api/messenger"
CONSUMER_PATH = "/api/process-message"
RELEASE_PATH = "/api/answer-held"
USAGE_PATH = "/api/usage"


class SettingsError(Exception):
    """The bot can not work with the settings it was given."""


def _variable(name: str, default: str = "", *, secret: bool = False, optional: bool = False) -> str:
    # Secrets stay out of repr: settings end up in tracebacks and logs.
    metadata = {"variable": name, "optional": optional}
    value: str = field(default=default, metadata=metadata, repr=not secret)
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All addresses and secrets of the bot.

    Reading them never fails, so that the module imports in a build step without an environment;
    `check` does, and is called before the first request is handled.
    """

    app_secret: str = _variable("FB_APP_SECRET", secret=True)
    verify_token: str = _variable("FB_VERIFY_TOKEN", secret=True)
    # The bot is on the platforms for which it has a token: one of them at least.
    page_token: str = _variable("FB_PAGE_TOKEN", secret=True, optional=True)
    instagram_token: str = _variable("INSTAGRAM_TOKEN", secret=True, optional=True)
    whatsapp_token: str = _variable("WHATSAPP_TOKEN", secret=True, optional=True)
    graph_url: str = _variable("GRAPH_URL", "https://graph.facebook.com/v23.0")
    # Where tokens of Instagram's own login are good for; without it, GRAPH_URL.
    instagram_graph_url: str = _variable("INSTAGRAM_GRAPH_URL", optional=True)
    qstash_url: str = _variable("QSTASH_URL", "https://qstash.upstash.io")
    qstash_token: str = _variable("QSTASH_TOKEN", secret=True)
    current_signing_key: str = _variable("QSTASH_CURRENT_SIGNING_KEY", secret=True)
    next_signing_key: str = _variable("QSTASH_NEXT_SIGNING_KEY", secret=True)
    public_url: str = _variable("PUBLIC_URL")
    firestore_url: str = _variable("FIRESTORE_URL", "https://firestore.googleapis.com/v1")
    firestore_project: str = _variable("FIRESTORE_PROJECT")
    # One of these three gives access to the store, the first that is set.
    firestore_token: str = _variable("FIRESTORE_TOKEN", secret=True, optional=True)
    google_account: str = _variable("GOOGLE_SERVICE_ACCOUNT", secret=True, optional=True)
    google_account_file: str = _variable("GOOGLE_APPLICATION_CREDENTIALS", optional=True)
    breaker_publishes_per_hour: str = _variable("BREAKER_PUBLISHES_PER_HOUR", "200")
    usage_token: str = _variable("USAGE_TOKEN", secret=True, optional=True)

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
        missing or make no sense.
        """
        missing = [
            f.metadata["variable"]
            for f in fields(self)
            if not f.metadata["optional"] and not getattr(self, f.name)
        ]
        if not self.platforms:
            missing.append("FB_PAGE_TOKEN or INSTAGRAM_TOKEN or WHATSAPP_TOKEN")
        if not (self.firestore_token or self.google_account or self.google_account_file):
            missing.append(
                "FIRESTORE_TOKEN or GOOGLE_SERVICE_ACCOUNT or GOOGLE_APPLICATION_CREDENTIALS"
            )
        if missing:
            raise SettingsError(f"set {', '.join(missing)} in the bot's environment")
        if self.publishes_per_hour < LEAST_PUBLISHES:
            raise SettingsError(
                f"BREAKER_PUBLISHES_PER_HOUR has to be a whole number from {LEAST_PUBLISHES} on,"
                f" not {self.breaker_publishes_per_hour!r}"
            )
        return self

    @property
    def platforms(self) -> tuple[Platform, ...]:
        """The platforms that the bot is on. Webhooks of others are ignored: it could not answer."""
        tokens: tuple[tuple[Platform, str], ...] = (
            ("messenger", self.page_token),
            ("instagram", self.instagram_token),
            ("whatsapp", self.whatsapp_token),
        )
        return tuple(platform for platform, token in tokens if token)

    @property
    def publishes_per_hour(self) -> int:
        """Where the circuit breaker opens; 0 when what is set is no number."""
        text = self.breaker_publishes_per_hour
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0

    def address(self, path: str) -> str:
        """Where a route of this bot is reached from outside: `https://bot.example/api/x`."""
        return self.public_url.rstrip("/") + path

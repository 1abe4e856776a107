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
    qstash_token: str = _variable("QSTASH_TOKEN", secret=True, optional=True)
    current_signing_key: str = _variable("QSTASH_CURRENT_SIGNING_KEY", secret=True, optional=True)
    next_signing_key: str = _variable("QSTASH_NEXT_SIGNING_KEY", secret=True, optional=True)
    # The bot publishes to this queue of Cloud Tasks where it is named (projects/.../queues/...),
    # else to QStash.
    cloud_tasks_queue: str = _variable("CLOUD_TASKS_QUEUE", optional=True)
    cloud_tasks_url: str = _variable("CLOUD_TASKS_URL", "https://cloudtasks.googleapis.com")
    # What gives access to it, else a service account; and the account that deliveries come from.
    cloud_tasks_token: str = _variable("CLOUD_TASKS_TOKEN", secret=True, optional=True)
    cloud_tasks_account: str = _variable("CLOUD_TASKS_ACCOUNT", optional=True)
    google_certs_url: str = _variable(
        "GOOGLE_CERTS_URL", "https://www.googleapis.com/oauth2/v3/certs"
    )
    # The bot publishes to this FIFO queue of SQS where it is named by its address; Lambda sets the
    # variables of its region and of its credentials.
    sqs_queue_url: str = _variable("SQS_QUEUE_URL", optional=True)
    sqs_url: str = _variable("AWS_ENDPOINT_URL_SQS", optional=True)
    aws_region: str = _variable("AWS_REGION", "us-east-1")
    aws_access_key: str = _variable("AWS_ACCESS_KEY_ID", secret=True, optional=True)
    aws_secret_key: str = _variable("AWS_SECRET_ACCESS_KEY", secret=True, optional=True)
    aws_session_token: str = _variable("AWS_SESSION_TOKEN", secret=True, optional=True)
    public_url: str = _variable("PUBLIC_URL")
    # The bot keeps its records in Upstash Redis where it has the address of one, else in Firestore.
    upstash_url: str = _variable("UPSTASH_REDIS_REST_URL", optional=True)
    upstash_token: str = _variable("UPSTASH_REDIS_REST_TOKEN", secret=True, optional=True)
    firestore_url: str = _variable("FIRESTORE_URL", "https://firestore.googleapis.com/v1")
    firestore_project: str = _variable("FIRESTORE_PROJECT", optional=True)
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
        missing += self._missing_of_queue()
        missing += self._missing_of_store()
        if missing:
            raise SettingsError(f"set {', '.join(missing)} in the bot's environment")
        if self.publishes_per_hour < LEAST_PUBLISHES:
            raise SettingsError(
                f"BREAKER_PUBLISHES_PER_HOUR has to be a whole number from {LEAST_PUBLISHES} on,"
                f" not {self.breaker_publishes_per_hour!r}"
            )
        return self

    def _missing_of_queue(self) -> list[str]:
        if not self.cloud_tasks_queue:
            needed: tuple[str, ...] = ("qstash_token", "current_signing_key", "next_signing_key")
            if self.sqs_queue_url:
                needed = ("aws_access_key", "aws_secret_key")
            names = {f.name: f.metadata["variable"] for f in fields(self)}
            return [names[name] for name in needed if not getattr(self, name)]
        missing = [] if self.cloud_tasks_account else ["CLOUD_TASKS_ACCOUNT"]
        if not (self.cloud_tasks_token or self.google_account or self.google_account_file):
            missing.append(
                "CLOUD_TASKS_TOKEN or GOOGLE_SERVICE_ACCOUNT or GOOGLE_APPLICATION_CREDENTIALS"
            )
        return missing

    def _missing_of_store(self) -> list[str]:
        if self.upstash_url:
            return [] if self.upstash_token else ["UPSTASH_REDIS_REST_TOKEN"]
        missing = [] if self.firestore_project else ["FIRESTORE_PROJECT"]
        if not (self.firestore_token or self.google_account or self.google_account_file):
            missing.append(
                "FIRESTORE_TOKEN or GOOGLE_SERVICE_ACCOUNT or GOOGLE_APPLICATION_CREDENTIALS"
            )
        return missing

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

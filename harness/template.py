"""Templates of environment values: `{qstash.url}` stands for what a world gives.

Braces that are no variable are doubled, as in str.format.
"""

import re
from collections.abc import Mapping

# What a world gives a bot. The names are public: profiles are written with them.
VARIABLES: Mapping[str, str] = {
    "bot.public_url": "the address at which the bot is reached, from [bot] public_url",
    "cloudtasks.account": "the service account whose identity tokens deliveries carry",
    "cloudtasks.certs_url": "the address of the keys that identity tokens are checked by",
    "cloudtasks.location": "the location in the name of the queue",
    "cloudtasks.project": "the project in the name of the queue",
    "cloudtasks.queue": "the name of the queue: projects/.../locations/.../queues/...",
    "cloudtasks.queue_id": "the last part of the name of the queue",
    "cloudtasks.token": "the access token for creating tasks",
    "cloudtasks.url": "the address of Cloud Tasks",
    "firestore.host": "host and port of the store, for Google's client libraries",
    "firestore.project": "the project id",
    "firestore.token": "the access token that the store accepts",
    "firestore.url": "the address of the store",
    "google.account": "the key file of a made-up service account, as JSON",
    "google.account_file": "the path of that file",
    "instagram.account_id": "the id of the Instagram account that users write to",
    "instagram.token": "the token for sending on Instagram",
    "meta.app_id": "the id of the app on the platform",
    "meta.app_secret": "the secret that signs webhooks",
    "meta.graph_url": "the address of the Graph API",
    "meta.page_id": "the id of the page that users write to",
    "meta.page_token": "the token for the Send API",
    "meta.verify_token": "the token of the webhook handshake",
    "qstash.current_key": "the current signing key",
    "qstash.next_key": "the next signing key",
    "qstash.token": "the token for publishing",
    "qstash.url": "the address of the queue",
    "redis.url": "the address of the Redis database, for clients of its own protocol",
    "sqs.access_key": "the id of an access key",
    "sqs.fifo_url": "the address of the FIFO queue",
    "sqs.queue_url": "the address of the standard queue",
    "sqs.region": "the region of the queues",
    "sqs.secret_key": "the secret of that access key",
    "sqs.url": "the address of SQS, for clients that take one",
    "upstash.token": "the token that the Upstash Redis database accepts",
    "upstash.url": "the address of the Upstash Redis database, for its REST clients",
    "whatsapp.business_account_id": "the id of the WhatsApp Business account",
    "whatsapp.phone_number": "the number that users write to, as they see it, digits only",
    "whatsapp.phone_number_id": "the id of that number, by which the Cloud API knows it",
    "whatsapp.token": "the token for sending on WhatsApp",
}

# Anything else in braces is a stray brace, so that no message quotes JSON with a secret in it.
_TOKEN = re.compile(r"\{\{|\}\}|\{([A-Za-z0-9_.]+)\}|[{}]")


def names_in(text: str) -> tuple[str, ...]:
    """The variables of a template, in order.

    Raises ValueError for a brace that is neither doubled nor around a variable.
    """
    names = []
    for token in _TOKEN.finditer(text):
        if token[1] is not None:
            names.append(token[1])
        elif len(token[0]) == 1:
            raise ValueError(f"a stray {token[0]} at character {token.start() + 1}")
    return tuple(names)


def fill(text: str, variables: Mapping[str, str]) -> str:
    """The template with its variables replaced; raises KeyError for one that is not there."""
    return _TOKEN.sub(lambda token: variables[token[1]] if token[1] else token[0][0], text)

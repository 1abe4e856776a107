"""The parts of the bot, put together."""

from dataclasses import dataclass

from reference_bot import held
from reference_bot.answers import Answers
from reference_bot.claims import Claims
from reference_bot.client import HttpClient
from reference_bot.consumer import Consumer, QueueSignature
from reference_bot.credentials import make_token
from reference_bot.events import Events
from reference_bot.firestore import Firestore
from reference_bot.message import Platform
from reference_bot.publisher import Publisher
from reference_bot.release import Releases
from reference_bot.replies import Replies, Sender
from reference_bot.settings import Settings
from reference_bot.sqs import Sqs
from reference_bot.store import Store
from reference_bot.turns import Turns
from reference_bot.upstash import Upstash
from reference_bot.usage import Usage
from reference_bot.webhook import Webhook


@dataclass(frozen=True, slots=True)
class Bot:
    """What answers the bot's routes."""

    webhook: Webhook
    consumer: Consumer | Events
    releases: Releases
    usage: Usage


def make_store(settings: Settings, http: HttpClient) -> Store:
    """The bot's store. Raises SettingsError when a service account can not be used."""
    if settings.upstash_url:
        token = settings.upstash_token
        return Upstash(http, url=settings.upstash_url, token=token, listed=(held.COLLECTION,))
    return Firestore(
        http,
        url=settings.firestore_url,
        project=settings.firestore_project,
        token=make_token(settings),
    )


def make_replies(settings: Settings, http: HttpClient) -> Replies:
    """The bot's way to its users."""
    instagram_url = settings.instagram_graph_url or settings.graph_url
    senders: dict[Platform, Sender] = {
        "messenger": Sender(settings.graph_url, settings.page_token),
        "instagram": Sender(instagram_url, settings.instagram_token),
        "whatsapp": Sender(settings.graph_url, settings.whatsapp_token),
    }
    return Replies(http, {platform: senders[platform] for platform in settings.platforms})


def make_bot(
    settings: Settings,
    http: HttpClient,
    queue_http: HttpClient | None = None,
    *,
    claims: type[Claims] = Claims,
    publisher: type[Publisher] = Publisher,
    webhook: type[Webhook] = Webhook,
    answers: type[Answers] = Answers,
    signature: type[QueueSignature] = QueueSignature,
) -> Bot:
    """A bot, with another class in the place of one of its parts if one is given.

    `queue_http` is the client for the queue; without it the queue's SDK makes its own.
    """
    store, signed = make_store(settings, http), signature(settings, http)
    if settings.cloud_tasks_queue or settings.sqs_queue_url:
        # Its publisher has no SDK with a client of its own.
        queue_http = http
    records = claims(store, publishes_per_hour=settings.publishes_per_hour)
    answering = answers(Turns(store), make_replies(settings, http))
    releases = Releases(signed, store, answering)
    return Bot(
        webhook(settings, records, publisher(settings, queue_http)),
        Events(Sqs(settings, http), answering, releases)
        if settings.sqs_queue_url
        else Consumer(signed, answering),
        releases,
        Usage(store, token=settings.usage_token),
    )

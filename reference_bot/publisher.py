"""Publishing to the queue within a limit that leaves time to answer the platform: to QStash with
its own SDK, to Cloud Tasks, or to SQS.
"""

import asyncio
from collections.abc import Mapping

from qstash import AsyncQStash
from qstash.asyncio.http import AsyncHttpClient
from qstash.asyncio.message import AsyncMessageApi
from qstash.http import HttpMethod, raise_for_non_ok_status

from reference_bot.client import HttpClient, new_client
from reference_bot.cloud_tasks import CloudTasks
from reference_bot.errors import TryAgainError
from reference_bot.settings import Settings
from reference_bot.sqs import Sqs

# The platform wants its answer within 5 s (Messenger Platform docs, "Webhooks"); reading and
# writing the claim comes on top.
PUBLISH_LIMIT_S = 3.0
RETRIES = 3  # of the queue's own deliveries; QStash docs, "Retry": after 12 s, 2.5 min, 30 min


class PublishError(TryAgainError):
    """The queue did not accept a message, or nobody knows whether it did."""


class Publisher:
    """Sends messages to the bot's own routes, by way of the queue."""

    def __init__(self, settings: Settings, http: HttpClient | None = None) -> None:
        """`http` replaces the client that would be made for the queue alone."""
        self._settings = settings
        self._tasks: CloudTasks | None = None
        self._sqs: Sqs | None = None
        if settings.sqs_queue_url:
            self._sqs = Sqs(settings, http or new_client())
        elif settings.cloud_tasks_queue:
            self._tasks = CloudTasks(settings, http or new_client())
        elif http is None:
            # The SDK would repeat a failed publish up to five times, far beyond the platform's
            # patience. Here the platform repeats: it gets a 503 and delivers again.
            sdk = AsyncQStash(settings.qstash_token, base_url=settings.qstash_url, retry=False)
            self._messages = sdk.message
        else:
            self._messages = AsyncMessageApi(_GivenClient(http, settings))

    async def publish(
        self,
        path: str,
        body: Mapping[str, object],
        *,
        deduplication_id: str | None = None,
        delay_s: int = 0,
    ) -> None:
        """Have `body` delivered to a route of this bot, `delay_s` seconds from now. Raises
        PublishError.

        A publish that failed by time-out may have been accepted all the same; with a deduplication
        id it can be repeated for ten minutes without harm (QStash docs, "Deduplication"), with
        Cloud Tasks for an hour, with SQS for five minutes.
        """
        url = self._settings.address(path)
        try:
            async with asyncio.timeout(PUBLISH_LIMIT_S):
                if self._tasks is not None:
                    await self._tasks.send(
                        url, body, deduplication_id=deduplication_id, delay_s=delay_s
                    )
                    return
                if self._sqs is not None:
                    await self._sqs.send(
                        path, body, deduplication_id=deduplication_id, delay_s=delay_s
                    )
                    return
                await self._messages.publish_json(
                    url=url,
                    body=body,
                    retries=RETRIES,
                    delay=delay_s or None,
                    deduplication_id=deduplication_id,
                )
        except (
            Exception
        ) as error:  # the SDK passes on whatever its HTTP client and its parser raise
            raise PublishError(f"the queue did not accept a message: {error!r}") from error


class _GivenClient(AsyncHttpClient):
    """The transport of the SDK over a client that is ours: the SDK offers no way to give it one."""

    def __init__(self, http: HttpClient, settings: Settings) -> None:
        self._http = http
        self._url = settings.qstash_url.rstrip("/")
        self._authorization = f"Bearer {settings.qstash_token}"

    async def request(
        self,
        *,
        path: str,
        method: HttpMethod,
        headers: dict[str, str] | None = None,
        body: str | bytes | None = None,
        params: dict[str, str] | None = None,
        parse_response: bool = True,
        base_url: str | None = None,
        token: str | None = None,
    ) -> object:
        response = await self._http.request(
            method,
            (base_url or self._url) + path,
            headers={"Authorization": token or self._authorization, **(headers or {})},
            content=body.encode() if isinstance(body, str) else body or b"",
        )
        raise_for_non_ok_status(response)
        return response.json() if parse_response else response.text

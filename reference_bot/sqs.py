"""Amazon SQS as the bot's queue: how a message is sent, and how one is put off."""

import hashlib
import json
import math
import time
from collections.abc import Mapping

from reference_bot.client import HttpClient
from reference_bot.settings import Settings, SettingsError

MOST_S = 43_200  # SQS docs, "ChangeMessageVisibility": 12 hours


class SqsError(Exception):
    """SQS did not answer as it should."""


class Sqs:
    """Sends messages to one FIFO queue, whose messages a function of the bot's is invoked with.

    A FIFO queue knows a repetition, but no delay of a single message (SQS docs, "SendMessage"):
    what has to wait says until when, and is put off by whoever gets it.
    """

    def __init__(self, settings: Settings, http: HttpClient) -> None:
        """Raises SettingsError when nothing can sign."""
        self._settings = settings
        self._http = http
        try:
            from botocore.auth import SigV4Auth
            from botocore.awsrequest import AWSRequest
            from botocore.credentials import Credentials
        except ModuleNotFoundError as error:
            raise SettingsError("SQS needs botocore: pip install 'thrice[sqs]'") from error
        self._request = AWSRequest
        credentials = Credentials(
            settings.aws_access_key, settings.aws_secret_key, settings.aws_session_token or None
        )
        self._signer = SigV4Auth(credentials, "sqs", settings.aws_region)

    async def send(
        self, route: str, body: Mapping[str, object], *, deduplication_id: str | None, delay_s: int
    ) -> None:
        """Have `body` handed to a route of the bot. Raises SqsError, or what the client raises.

        Each message is a group of its own, so that none waits for another.
        """
        content: dict[str, object] = {"route": route, "job": body}
        if delay_s:
            content["due"] = math.ceil(time.time() + delay_s)
        text = json.dumps(content)
        # Hashed, because ids may hold few characters.
        name = hashlib.sha256((deduplication_id or text).encode()).hexdigest()
        await self._call(
            "SendMessage", MessageBody=text, MessageGroupId=name, MessageDeduplicationId=name
        )

    async def put_off(self, receipt_handle: str, seconds: int) -> None:
        """Have a message that was received come again so many seconds from now. Raises SqsError, or
        what the client raises.
        """
        await self._call(
            "ChangeMessageVisibility",
            ReceiptHandle=receipt_handle,
            VisibilityTimeout=min(seconds, MOST_S),
        )

    async def _call(self, action: str, **fields: object) -> None:
        settings = self._settings
        content = json.dumps({"QueueUrl": settings.sqs_queue_url, **fields}).encode()
        url = settings.sqs_url or f"https://sqs.{settings.aws_region}.amazonaws.com"
        headers = {
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": f"AmazonSQS.{action}",
        }
        request = self._request("POST", url.rstrip("/") + "/", data=content, headers=headers)
        self._signer.add_auth(request)
        response = await self._http.request(
            "POST", request.url, headers=dict(request.headers), content=content
        )
        if response.status_code != 200:
            raise SqsError(f"SQS answered {response.status_code}")

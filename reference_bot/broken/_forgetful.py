"""What the bots with a bug before the publish have in common: the queue can not make up for it."""

from collections.abc import Mapping

from reference_bot.publisher import Publisher


class ForgetfulPublisher(Publisher):
    """A publisher that does not tell the queue which messages are the same."""

    async def publish(
        self,
        path: str,
        body: Mapping[str, object],
        *,
        deduplication_id: str | None = None,
        delay_s: int = 0,
    ) -> None:
        await super().publish(path, body, delay_s=delay_s)

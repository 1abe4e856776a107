"""Answering one message, once, whichever queue message it came with."""

from reference_bot.held import HeldMessage
from reference_bot.message import Message
from reference_bot.replies import Replies
from reference_bot.turns import Attempt, Turns


class Answers:
    """What every delivery by the queue ends in: no webhook of the bot's own is called from here,
    and nothing is published.
    """

    def __init__(self, turns: Turns, replies: Replies) -> None:
        self._turns = turns
        self._replies = replies

    async def answer(self, message: Message, attempt: Attempt) -> bool:
        """Send the reply to a message; returns whether there was anything left to do. Raises
        TryAgainError.
        """
        turn = await self._turns.begin_answer(message, attempt)
        if turn is None:
            return False
        await self._replies.send(message)
        await self._turns.mark_answered(turn)
        return True

    async def answer_held(self, held: HeldMessage, attempt: Attempt) -> None:
        """Send the reply to a held message and let go of it. Raises TryAgainError."""
        turn = await self._turns.begin_answer(held.message, attempt)
        if turn is None:
            await self._turns.let_go(held)
            return
        await self._replies.send(held.message)
        await self._turns.mark_answered(turn, held)

"""What goes wrong on demand: deliveries that come again, late, or in another order, and answers
that get lost.
"""

from emulator.errors import ScenarioError
from emulator.kernel import Kernel
from emulator.qstash.delivery import Courier
from emulator.qstash.message import FINAL, Message, State
from emulator.qstash.roster import Roster
from emulator.queue_mishaps import NO_DISTURBANCE


class Mishaps:
    """Things that happen to messages of one account because somebody wants to see them happen.

    `disturbance` is how the attempts come that are begun from now on.
    """

    __slots__ = ("_courier", "_kernel", "_roster", "disturbance")

    def __init__(self, kernel: Kernel, roster: Roster, courier: Courier) -> None:
        self._kernel = kernel
        self._roster = roster
        self._courier = courier
        self.disturbance = NO_DISTURBANCE

    def due(self, message: Message) -> float:
        """When the attempt comes that is due now (seconds of the clock)."""
        disturbed = self.disturbance
        due = self._kernel.clock.now + disturbed.late_s
        if disturbed.spread_s:
            name = f"spread/{message.attempt_name}"
            due += round(disturbed.spread_s * self._kernel.chance.fraction(name), 3)
        return due

    def copy(self, message: Message, due: float) -> None:
        """Have the attempt that comes at `due` made again, after which nothing follows."""
        disturbed = self.disturbance
        for number in range(1, disturbed.copies):
            message.repeats += 1
            at = due + number * disturbed.copy_after_s
            self._courier.send(message, lambda outcome: None, due=at)

    def redeliver(self, message_id: str, *, after_s: float) -> str:
        """Deliver a delivered message once more, after which nothing follows; returns the name of
        the delivery.

        Raises ScenarioError if it was not delivered, or if the kernel cut what it works for.
        """
        message = self._roster.recall(message_id)
        if message is None or message.state is not State.DELIVERED:
            raise ScenarioError(f"message {message_id} was not delivered, so it can't come again")
        message.repeats += 1
        sent = self._courier.send(
            message, lambda outcome: None, due=self._kernel.clock.now + after_s
        )
        if not sent:
            raise ScenarioError(f"message {message_id} works for a user message that was cut")
        return message.attempt_name

    def lose_answer(self, message_id: str) -> None:
        """Take the attempt under way, or else the next, for one that lost its connection, whatever
        the destination answers. Raises ScenarioError if no attempt can follow.
        """
        message = self._roster.recall(message_id)
        if message is None or message.state in FINAL:
            raise ScenarioError(f"message {message_id} is not under way, so no answer can be lost")
        message.lose_answer = True

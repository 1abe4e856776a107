"""One world on the wall clock, around a bot that is always on: the platform, the queue with its
development accounts, and the store.
"""

from collections.abc import Callable, Iterable, Sequence

from emulator.attribution import Attribution
from emulator.call import Call
from emulator.control.faults import Faults
from emulator.control.pace import Pace
from emulator.exchange import Outcome, Request
from emulator.firestore import Firestore
from emulator.gate import Gate
from emulator.kernel import Kernel
from emulator.meta import Account, Field, PlatformName, UserMessage
from emulator.meta.accounts import make_account
from emulator.meta.delivery.courier import Spacing
from emulator.meta.people.conversation import Conversation
from emulator.meta.people.scripted import play
from emulator.meta.platform import FIELDS
from emulator.net import Arrival, Client, Network, wall
from emulator.net.running import FreeRunning
from emulator.qstash import QStash
from emulator.qstash.keeping import Keeping
from emulator.qstash.service import ORIGINS
from emulator.queue_users import QUEUE_USERS, origin_of
from emulator.redis import Keyspace
from emulator.redis.service import Redis
from emulator.serverless.attached import place_of
from emulator.serverless.remote import Remote
from emulator.step import Agenda, Step
from emulator.upstash import Upstash

# What comes of the bot's own sends, and so only to an app that wants it.
_OWN_SENDS = ("message_echoes", "message_deliveries")


def usual_fields(platform: PlatformName) -> tuple[Field, ...]:
    """What the app is subscribed to where nothing is said: whatever people do."""
    return tuple(field for field in FIELDS[platform] if field not in _OWN_SENDS)


class Prompt:
    """A schedule by which everything is done as it comes due, and calls are answered at once."""

    def latency(self, call: Call) -> float:
        return 0.0

    def pick(self, agenda: Agenda) -> Step | None:
        return agenda.earliest()


class Served:
    """Nothing is frozen, and no call is held back. Everything is for the network thread.

    Requests to the bot go to `bot_url`, and those that the queue is asked to make to other
    addresses on this machine go there. `addresses` are further ones at which the bot is reached.
    The app is subscribed to `fields`, by default to whatever people do. The world begins at `epoch`
    (Unix seconds), by default now.
    """

    def __init__(
        self,
        network: Network,
        client: Client,
        *,
        seed: int | str,
        public_url: str,
        bot_url: str,
        webhook: str,
        copies: int,
        spacing: Spacing,
        platform: PlatformName = "messenger",
        fields: Sequence[Field] | None = None,
        addresses: Sequence[str] = (),
        epoch: float | None = None,
    ) -> None:
        self.kernel = kernel = Kernel(
            seed=seed,
            schedule=lambda chance: Prompt(),
            epoch=wall.unix() if epoch is None else epoch,
            bot_clock=wall.unix,
            # Time that is skipped passes for the world and not for the bot.
            own_dates=True,
        )
        # A run of days would remember every step.
        kernel.record_choices = False
        self.meta = make_account(
            platform,
            kernel,
            callback_url=public_url + webhook,
            copies=copies,
            spacing=spacing,
            fields=usual_fields(platform) if fields is None else fields,
        )
        self.firestore = Firestore(kernel)
        self.keyspace = Keyspace(kernel)
        self.upstash = Upstash(kernel, self.keyspace)
        self.redis = Redis(kernel, self.keyspace)
        self.queues = [
            QStash(
                kernel,
                token=user.token,
                current_key=user.current_key,
                next_key=user.next_key,
                origins=ORIGINS if user is QUEUE_USERS[0] else (origin_of(user),),
                causes=f"x{number}",
            )
            for number, user in enumerate(QUEUE_USERS)
        ]
        stores = (self.firestore, self.upstash, self.redis)
        self.gate = Gate(kernel, (*stores, self.meta, *self.queues))
        self.faults = Faults(kernel)
        self.gate.faults = self.faults
        self.bot = Remote(kernel, client, place=place_of(bot_url), settled=self._after_response)
        self.elsewhere = Remote(kernel, client, settled=self._after_response)
        kernel.elsewhere = self.elsewhere
        for address in (public_url, bot_url, *addresses):
            kernel.origins[Request("GET", address).origin] = self.bot
        self.attribution = Attribution(kernel, self.meta, (self.bot, self.elsewhere))
        self.running = FreeRunning(kernel, network, rested=self._rested)
        self.pace = Pace(kernel, self.running, (self.bot, self.elsewhere))
        self._arrivals: set[Arrival] = set()
        self._network = network
        self._keeping: Keeping | None = None
        self._unsent: list[tuple[Arrival, Outcome]] = []
        # Grows by one name for each act that asks for no answer, as messages have one each.
        self._unasked: set[str] = set()

    def keep(self, keeping: Keeping, *, anew: bool) -> None:
        """Have the queue go on with what is kept, or have that forgotten if `anew`; and keep from
        now on what it has.
        """
        queues = {user.name: queue for user, queue in zip(QUEUE_USERS, self.queues, strict=True)}
        take = keeping.begin_anew if anew else keeping.take
        take(queues, ahead_s=lambda: self.kernel.clock.unix - wall.unix())
        self._keeping = keeping
        self.running.poke()

    def arrived(self, arrival: Arrival, request: Request) -> None:
        """The bot makes a call."""

        def answered(outcome: Outcome) -> None:
            self._arrivals.discard(arrival)
            if self._keeping is None:
                arrival.answer(outcome)
                return
            # All that is answered in one round of the loop is written at once.
            if not self._unsent:
                self._network.loop.call_soon(self._send)
            self._unsent.append((arrival, outcome))

        self.running.keep_time()
        self._arrivals.add(arrival)
        self.gate.arrive(
            self.attribution.invocation_for(request),
            request,
            timeout_s=None,
            deliver_outcome=answered,
        )
        self.running.poke()

    def gone(self, arrival: Arrival) -> None:
        """The bot did not wait for the answer."""
        self._arrivals.discard(arrival)

    def write(
        self,
        texts: Sequence[str],
        *,
        sender: str = "ada",
        copies: int | None = None,
        spacing: Spacing | None = None,
        together: bool = False,
    ) -> list[UserMessage]:
        """A person writes to the page, now; the bot is told of each text by a notification of its
        own, or of all `together` by one.
        """

        def written(account: Account) -> list[UserMessage]:
            if together:
                return account.batch(texts, sender=sender)
            return [account.message(text, sender=sender) for text in texts]

        return self._do(written, copies, spacing)

    def act(
        self,
        doing: Callable[[Account], UserMessage],
        *,
        copies: int | None = None,
        spacing: Spacing | None = None,
    ) -> UserMessage:
        """A person does something, now. Raises ScenarioError as the verbs of the account do."""
        return self._do(lambda account: [doing(account)], copies, spacing)[0]

    def look(self, sender: str) -> None:
        """A person looks at what they got."""
        self.running.keep_time()
        self.meta.open_thread(sender)
        self.running.poke()

    def play(self, conversations: Iterable[Conversation]) -> None:
        """Have these people follow their scripts, from now on. Raises ScenarioError, before
        anything happens, for what makes no sense."""
        self.running.keep_time()
        play(self.meta, conversations, on_message=self._done)
        self.running.poke()

    def asks(self, root: str) -> bool:
        """Whether a sound bot answers this."""
        return root not in self._unasked

    def stop(self) -> None:
        """Do nothing more, and hang up on whoever waits for an answer."""
        self.running.stop()
        self.pace.close()
        self._send()
        self._keeping = None
        for arrival in tuple(self._arrivals):
            arrival.drop()
        self._arrivals.clear()

    def close(self) -> None:
        """Let go of everything."""
        self.stop()
        self.kernel.journal.close()

    # -- inside

    def _do(
        self,
        doing: Callable[[Account], list[UserMessage]],
        copies: int | None,
        spacing: Spacing | None,
    ) -> list[UserMessage]:
        self.running.keep_time()
        courier = self.meta.courier
        before = courier.copies, courier.spacing
        courier.copies, courier.spacing = copies or before[0], spacing or before[1]
        try:
            done = doing(self.meta)
        finally:
            courier.copies, courier.spacing = before
        for message in done:
            self._done(message)
        self.running.poke()
        return done

    def _done(self, message: UserMessage) -> None:
        if not self.meta.asks(message):
            self._unasked.add(message.root)
        self.attribution.wrote(message)

    def _send(self) -> None:
        """What is answered is in the file before anybody hears of it."""
        self._write()
        unsent, self._unsent = self._unsent, []
        for arrival, outcome in unsent:
            arrival.answer(outcome)

    def _write(self) -> None:
        if self._keeping is not None:
            self._keeping.commit()

    def _after_response(self) -> None:
        # The outcome is in the file before anything follows from it.
        self._write()
        self.running.poke()
        self.pace.stir()

    def _rested(self) -> None:
        self._write()
        self.pace.stir()

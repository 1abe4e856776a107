"""Cloud Tasks as a service of the world: what the bot reaches, and what a harness may ask."""

from collections.abc import Iterable

from emulator.call import Access, Call
from emulator.cloudtasks import api
from emulator.cloudtasks.access import access_of
from emulator.cloudtasks.calls import METHODS, Asked
from emulator.cloudtasks.engine import Engine, Operation
from emulator.cloudtasks.errors import NotServedError, RefusedError
from emulator.cloudtasks.given import Given
from emulator.cloudtasks.names import check_queue
from emulator.cloudtasks.rules import USUAL, Rules
from emulator.cloudtasks.task import NewTask, Origin, TaskQueue
from emulator.exchange import Reply, Request
from emulator.findings import note_unsupported
from emulator.google_signing import PUBLISHED_HEADERS, GoogleKeys, published
from emulator.grpc import is_grpc
from emulator.kernel import Kernel
from emulator.queue_mishaps import Disturbance

ORIGIN = "https://cloudtasks.googleapis.com"
# The queue that is there from the beginning.
QUEUE = "projects/demo-thrice/locations/us-central1/queues/thrice"
# As Google's front answers a call that brings no credentials.
UNAUTHENTICATED = (
    "Request is missing required authentication credential. Expected OAuth 2 access token, login "
    "cookie or other valid authentication credential. See "
    "https://developers.google.com/identity/sign-in/web/devconsole-project."
)


class CloudTasks:
    """A fake Cloud Tasks with the queues of `queues`, which are made like any other.

    Any bearer token is good. `published` counts the tasks accepted as new, `pending` those that
    have not ended. `keys` sign identity tokens; `rules` are limits, and what documents leave open.
    `origins` are further addresses at which it answers.
    """

    name = "cloudtasks"

    def __init__(
        self,
        kernel: Kernel,
        *,
        keys: GoogleKeys | None = None,
        rules: Rules = USUAL,
        queues: Iterable[str] = (QUEUE,),
        origins: Iterable[str] = (),
    ) -> None:
        """Raises RefusedError for a queue whose name is none."""
        self.kernel = kernel
        self.keys = keys or GoogleKeys()
        self.rules = rules
        self.engine = Engine(kernel, keys=self.keys, rules=rules)
        for name in queues:
            self.engine.add_queue(TaskQueue(check_queue(name)))
        self._origins = frozenset(
            (ORIGIN, ORIGIN + ":443", *(one.lower().rstrip("/") for one in origins))
        )
        self._accesses = 0
        self._own_tasks = 0
        self._own_calls = 0

    # -- Service -----------------------------------------------------------------------------------

    def claims(self, request: Request) -> bool:
        return request.origin in self._origins

    def access(self, request: Request) -> Access:
        """What a request touches. Creating a task without a name commutes with everything."""
        self._accesses += 1
        return access_of(request, self._accesses)

    def answer(self, call: Call) -> Reply:
        return self.handle(call.request, call)

    # -- for the harness ---------------------------------------------------------------------------

    def handle(self, request: Request, call: Call | None = None) -> Reply:
        """Answer one request, at the present time of the world; with a call, tasks belong to that
        call's invocation.
        """
        if call is None:
            self._own_calls += 1
        if is_grpc(request):
            self.engine.charge(len(request.body))
            from emulator.cloudtasks.grpc_surface import answer

            return answer(self, request, call)
        keys = published(self.keys, request.raw_path) if request.method == "GET" else None
        if keys is not None:
            # Not of the real one: for bots that reach nothing of Google's but this.
            return Reply(200, PUBLISHED_HEADERS, keys)
        bearer = request.header("authorization") or ""
        if not bearer.startswith("Bearer ") or not bearer[7:].strip():
            return api.refused(401, "UNAUTHENTICATED", UNAUTHENTICATED)
        self.engine.charge(len(request.body))
        try:
            found = api.read_fields(request)
            if found is None:
                self.note_not_served(f"{request.method} {request.raw_path}", call)
                return api.not_found(request)
            name, fields = found
            return api.shown(METHODS[name](Asked(self, Given(fields), call)))
        except RefusedError as refused:
            return api.refused(refused.http_status, refused.status, refused.message)
        except NotServedError as error:
            self.note_not_served(str(error), call)
            return api.refused(501, "UNIMPLEMENTED", f"{error} are not served here")

    @property
    def published(self) -> int:
        return self.engine.published

    def pending(self) -> int:
        """Tasks that have not ended; those the kernel cut count."""
        return self.engine.pending

    @property
    def cost(self) -> int:
        """Billed so far: calls and attempts, each once for every 32 KB that was begun."""
        return self.engine.units

    def operations(self) -> list[Operation]:
        """The latest lines of the operation log, oldest first."""
        return list(self.engine.operations)

    # -- what goes wrong on demand -----------------------------------------------------------------

    def redeliver(self, message_id: str, *, after_s: float = 0.0) -> str:
        """Deliver a task that is done once more, as at-least-once delivery may; returns the name of
        that delivery. It has the same headers but for a fresh token, and nothing follows. Raises
        ScenarioError if the task is not done or no longer known.
        """
        return self.engine.redeliver(message_id, after_s=after_s)

    def lose_answer(self, message_id: str) -> None:
        """Lose the answer to one attempt of a task: the one under way, or else the next. Raises
        ScenarioError if the task is not under way.
        """
        self.engine.lose_answer(message_id)

    def disturb(
        self,
        *,
        copies: int = 1,
        copy_after_s: float = 0.0,
        late_s: float = 0.0,
        spread_s: float = 0.0,
    ) -> None:
        """Have attempts come in copies, late, or in another order from now on; without arguments
        everything is as usual again. Only the answer to the first copy counts. Raises ScenarioError
        for what makes no sense.
        """
        self.engine.disturbance = Disturbance(copies, copy_after_s, late_s, spread_s)

    def rotate_keys(self) -> None:
        """Sign with the next of the published keys from now on."""
        self.keys.rotate()

    # -- for the surfaces --------------------------------------------------------------------------

    def origin(self, call: Call | None, new: NewTask) -> Origin:
        """Where a task comes from."""
        if call is None:
            number = self._own_tasks
            self._own_tasks += 1
            return Origin(take_name=lambda: f"x.q{number}", call_name=f"x.d{number}")
        invocation = call.invocation
        return Origin(
            take_name=lambda: invocation.child("q"),
            call_name=call.name,
            roots=self.kernel.attribute(invocation.roots, new.call.body, new.name),
            generation=invocation.generation + 1,
            routes=call.routes,
            cause=call.entry,
        )

    def cause(self, call: Call | None) -> str:
        """What an answer is drawn by."""
        return call.name if call is not None else f"x/{self._own_calls}"

    def note_not_served(self, subject: str, call: Call | None) -> None:
        """Put on record that a bot asked for what the real service does and this one does not."""
        note_unsupported(self.kernel, call, self.name, subject)

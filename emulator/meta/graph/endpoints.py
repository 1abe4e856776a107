"""The Graph API of one account: who may call, what is answered, and what a call touches.

The calls themselves are in `edges.py`, how they go over HTTP is in `api.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from emulator.call import Access, Call
from emulator.errors import ScenarioError
from emulator.exchange import Blocked, Outcome, Reply, Request
from emulator.kernel import Kernel
from emulator.meta import identity
from emulator.meta.contacts import Contacts
from emulator.meta.credentials import Credentials
from emulator.meta.delivery.courier import Courier
from emulator.meta.delivery.subscription import Subscription
from emulator.meta.graph.addressing import Refusal, read_address, unsupported
from emulator.meta.graph.api import Received, receive, reply_with
from emulator.meta.graph.asked import Asked, Body, Holder, Later
from emulator.meta.graph.batch import Item, Result, attached, read_batch, run_batch
from emulator.meta.graph.edges import Edge, find_edge
from emulator.meta.graph.media import MEDIA_ORIGIN
from emulator.meta.graph.nodes import Nodes
from emulator.meta.graph.parameters import read_token
from emulator.meta.graph.refusals import refusal
from emulator.meta.graph.site import GraphOptions, Site
from emulator.meta.graph.tokens import holder_of, refuse_proof
from emulator.meta.graph.touches import access_of, recipient_of
from emulator.meta.items.envelope import Render
from emulator.meta.platform import InstagramLogin, PlatformName
from emulator.meta.sends.feedback import Feedback
from emulator.meta.sends.outbox import Outbox

# The Graph API, the same for apps with Instagram Login, and the one for large files.
GRAPH_ORIGINS = (
    "https://graph.facebook.com",
    "https://graph.instagram.com",
    "https://graph-video.facebook.com",
)

_CONTENT_TYPE = ("Content-Type", "application/json; charset=UTF-8")
_NEEDS_ACCOUNT_TOKEN = refusal(210)


@dataclass(slots=True, eq=False)
class Planned:
    """Calls that are refused on purpose: so many, only those of `verb` unless it is None. With
    `later` they are accepted, and fail afterwards."""

    refusal: Refusal
    calls: int
    verb: str | None
    later: bool = False


class Endpoints:
    """Answers the calls of one app for one account."""

    def __init__(
        self,
        kernel: Kernel,
        *,
        platform: PlatformName,
        credentials: Credentials,
        contacts: Contacts,
        outbox: Outbox,
        feedback: Feedback,
        courier: Courier,
        subscription: Subscription,
        nodes: Nodes,
        render: Render,
        options: GraphOptions,
        login: InstagramLogin = "facebook",
    ) -> None:
        self._kernel = kernel
        self.site = Site(
            kernel,
            platform=platform,
            credentials=credentials,
            contacts=contacts,
            outbox=outbox,
            feedback=feedback,
            courier=courier,
            subscription=subscription,
            nodes=nodes,
            render=render,
            options=options,
            login=login,
            wake=self._wake,
        )
        self._planned: list[Planned] = []
        self._blocked: dict[str, Blocked] = {}
        self._direct_requests = 0

    # -- as a service

    def handle(self, request: Request, call: Call | None = None) -> Reply:
        """Answer a request. Without a call it is not the bot's; what it sends answers nobody, and
        it does not wait for handshakes."""
        if request.origin == MEDIA_ORIGIN:
            return self._serve_media(request)
        received = receive(request)
        version, parameters = received.address.version, received.parameters
        answer: Body | Refusal | Later
        batch = received.method == "POST" and not received.address.segments
        if batch and parameters is not None and "batch" in parameters:
            answer = self._batch(received, parameters, call)
        else:
            answer = self._perform(received, call)
        return reply_with(
            {} if isinstance(answer, Later) else answer,
            version=version,
            trace_id=self._trace_id(call),
            usage=self.site.usage.headers(
                self._kernel.clock.now, of_page=self.site.options.page_usage
            ),
        )

    def answer(self, call: Call) -> Outcome | Blocked:
        """Answer a call of the bot; one that asks for a handshake once that is judged."""
        reply = self.handle(call.request, call)
        if call.name not in self.site.waiting:
            return reply
        blocked = self._blocked[call.name] = Blocked()
        return blocked

    def access(self, request: Request) -> Access:
        """What a request would read and write. A send or a sender action writes to the conversation
        with its recipient."""
        if request.origin == MEDIA_ORIGIN:
            return Access("file")
        return access_of(self.site, request)

    def recipient(self, request: Request) -> tuple[str | None, str]:
        """Whom a send or sender action is to, and its text; None for any other request."""
        return recipient_of(self.site, request)

    # -- on purpose

    def configure(self, options: GraphOptions) -> None:
        """Have it otherwise from now on. Templates that were made since are gone. Raises
        ScenarioError for options that the platform does not have."""
        options.check_platform(self.site.platform)
        self.site.options = options
        self.site.templates = list(options.templates or ())

    def refuse(
        self,
        code: int,
        subcode: int | None = None,
        *,
        calls: int = 1,
        verb: str | None = None,
        later: bool = False,
        user_title: str | None = None,
        user_message: str | None = None,
    ) -> None:
        """Answer the next calls with an error of the platform's, without any effect; only those of
        `verb` (`send`, `profile`, ...) if it is given. `user_title` and `user_message` come with it
        as `error_user_title` and `error_user_msg`.

        With `later` the next messages are accepted instead, and WhatsApp tells of the error by the
        status `failed`. Raises ScenarioError when the platform is not known to answer so.
        """
        if later and self.site.platform != "whatsapp":
            raise ScenarioError("only WhatsApp tells of an error after a message was accepted")
        verb = "send" if later else verb
        found = refusal(code, subcode, user_title=user_title, user_message=user_message)
        self._planned.append(Planned(found, calls, verb, later))

    # -- inside

    def _trace_id(self, call: Call | None) -> str:
        """The id of this exchange; asked once."""
        if call is not None:
            return identity.trace_id(self._kernel.chance, call.name)
        self._direct_requests += 1
        return identity.trace_id(self._kernel.chance, f"direct{self._direct_requests}")

    def _holder(self, received: Received) -> Holder | Refusal:
        site = self.site
        return holder_of(
            received.token,
            site.credentials,
            site.platform,
            login=site.login,
            origin=received.origin,
        )

    def _perform(
        self, received: Received, call: Call | None, *, batched: bool = False
    ) -> Body | Refusal | Later:
        site = self.site
        method, address, parameters = received.method, received.address, received.parameters
        edge = find_edge(address.segments)
        if call is None or call.name not in site.waiting:
            is_send = edge is not None and edge.verb == "send"
            site.usage.count(self._kernel.clock.now, is_send=is_send)
        fails_later: Refusal | None = None
        if self._planned:
            planned = self._take_planned("request" if edge is None else _verb_of(edge, parameters))
            if planned is not None and not planned.later:
                return planned.refusal
            fails_later = None if planned is None else planned.refusal
        holder = self._holder(received)
        if isinstance(holder, Refusal):
            if edge is None or not edge.is_open:
                return holder
            holder = "nobody"
        given = None if parameters is None else parameters.get("appsecret_proof")
        if given is not None or site.options.proof_required:
            unproved = refuse_proof(
                given, received.token, site.credentials, is_required=site.options.proof_required
            )
            if unproved is not None and holder != "nobody":
                return unproved
        if site.options.throttled:
            often = site.usage.refuse_call(self._kernel.clock.now)
            if often is not None:
                return often
        if edge is None or method not in edge.methods or site.platform not in edge.platforms:
            return unsupported(method, address)
        if holder == "app" and edge.path.startswith("{account}/"):
            return _NEEDS_ACCOUNT_TOKEN
        upload = received.uploads[0] if received.uploads else None
        asked = Asked(method, address, parameters, holder, call, upload, batched, fails_later)
        answer = edge.handler(site, asked)
        return unsupported(method, address) if answer is None else answer

    def _batch(
        self, received: Received, parameters: Mapping[str, object], call: Call | None
    ) -> Body | Refusal:
        if received.token:
            holder = self._holder(received)
            if isinstance(holder, Refusal):
                return holder
        items = read_batch(parameters)
        if isinstance(items, Refusal):
            return items
        headers = (_CONTENT_TYPE, ("facebook-api-version", received.address.version))

        def perform(item: Item, path: str, own: Mapping[str, object]) -> Result:
            theirs = own.get("access_token")
            token = theirs if isinstance(theirs, str) and theirs else received.token
            files = attached(item, received.uploads)
            answer: Body | Refusal | Later
            if isinstance(files, Refusal):
                answer = files
            else:
                address = read_address(path)
                one = Received(item.method, address, own, token, files, received.origin)
                answer = self._perform(one, call, batched=True)
            if isinstance(answer, Refusal):
                return Result(answer.status, answer.envelope(self._trace_id(call)), headers)
            return Result(200, None if isinstance(answer, Later) else answer, headers)

        wanted = parameters.get("include_headers", True)
        return run_batch(items, perform, include_headers=wanted not in (False, "false", "0"))

    def _take_planned(self, verb: str) -> Planned | None:
        for planned in self._planned:
            if planned.verb in (None, verb):
                planned.calls -= 1
                if planned.calls <= 0:
                    self._planned.remove(planned)
                return planned
        return None

    def _serve_media(self, request: Request) -> Reply:
        """Files of WhatsApp are for whoever has the token; without it there is nothing to see."""
        token = read_token(request.raw_query, request.header("authorization") or "", None)
        holder = holder_of(token, self.site.credentials, self.site.platform)
        if isinstance(holder, Refusal):
            return Reply(401, (("content-type", "text/plain"),), b"Unauthorized")
        return self.site.nodes.media.serve(request, unix=self._kernel.clock.unix)

    def _wake(self, name: str) -> None:
        blocked = self._blocked.pop(name, None)
        if blocked is not None:
            blocked.wake()


def _verb_of(edge: Edge, parameters: Mapping[str, object] | None) -> str:
    """As `access` says it: sender actions and read marks are no sends."""
    given = parameters or {}
    # Some clients send everything that there is, as null.
    is_gesture = edge.verb == "send" and (given.get("sender_action") or given.get("status"))
    return "typing" if is_gesture else edge.verb

"""What the Graph API answers: sends, profiles, and the subscription of the app to the page."""

import hmac
from collections.abc import Mapping
from typing import Literal
from urllib.parse import urlsplit

from emulator.call import Call
from emulator.kernel import Kernel
from emulator.meta import identity
from emulator.meta.contacts import Contacts
from emulator.meta.credentials import Credentials
from emulator.meta.delivery import Courier
from emulator.meta.feedback import Feedback
from emulator.meta.graph import BAD_TOKEN, NO_MATCHING_USER, NO_TOKEN, Gesture, Refusal, read_send
from emulator.meta.outbox import Outbox
from emulator.meta.profile import page_profile, person_profile, read_fields
from emulator.meta.subscribed import Subscribed, check_app_id, read_subscribed_fields
from emulator.meta.subscription import Field
from emulator.meta.window import EventTags, refuse_late

# What becomes of a send to the page's own id. Refused by default; reports of endless loops from the
# platform's first years say that it was once accepted.
EchoToSelf = Literal["refuse", "accept"]


class Endpoints:
    """The nodes of one page, for one app; satisfies `emulator.meta.api.Graph`."""

    def __init__(
        self,
        kernel: Kernel,
        *,
        credentials: Credentials,
        contacts: Contacts,
        outbox: Outbox,
        feedback: Feedback,
        courier: Courier,
        echo_to_self: EchoToSelf,
        event_tags: EventTags,
    ) -> None:
        self._kernel = kernel
        self._credentials = credentials
        self._contacts = contacts
        self._outbox = outbox
        self._feedback = feedback
        self._courier = courier
        self._subscribed: Subscribed = courier.subscribed
        self._echo_to_self = echo_to_self
        self._event_tags = event_tags
        self._direct_requests = 0

    def refuse_token(self, token: str) -> Refusal | None:
        if not token:
            return NO_TOKEN
        own = self._credentials.page_token.encode()
        right = hmac.compare_digest(token.encode("utf-8", "surrogatepass"), own)
        return None if right else BAD_TOKEN

    def send(
        self, node: str, parameters: Mapping[str, object] | None, call: Call | None
    ) -> Mapping[str, object] | Refusal | None:
        """A message or a sender action of `me` or the page's id; the body of the answer."""
        if node not in ("me", self._credentials.page_id):
            return None
        wanted = read_send(parameters)
        if isinstance(wanted, Refusal):
            return wanted
        # The page itself is nobody's user: a bot that answers its own echoes fails here.
        to_page = wanted.to == self._credentials.page_id and self._echo_to_self == "accept"
        acted = self._contacts.last_act(wanted.to)
        if not to_page and acted is None:
            return NO_MATCHING_USER
        if isinstance(wanted, Gesture):
            self._outbox.act(wanted, call)
            return {"recipient_id": wanted.to}
        if acted is not None:
            idle_s = self._kernel.clock.now - acted
            late = refuse_late(wanted.occasion, idle_s, event_tags=self._event_tags)
            if late is not None:
                return late
        sent = self._outbox.accept(wanted, call)
        self._feedback.accepted(sent, to_person=not to_page)
        return {"recipient_id": sent.to, "message_id": sent.message_id}

    def profile(
        self, node: str, parameters: Mapping[str, object] | None
    ) -> Mapping[str, object] | Refusal | None:
        """The fields of the page (`me` or its id) or of a person who has written to it."""
        fields = read_fields(parameters)
        if node in ("me", self._credentials.page_id):
            return page_profile(page_id=self._credentials.page_id, fields=fields)
        nickname = self._contacts.nickname(node)
        if nickname is None:
            return None
        return person_profile(self._kernel.chance, psid=node, nickname=nickname, fields=fields)

    def subscribed_apps(
        self, node: str, method: str, parameters: Mapping[str, object] | None
    ) -> Mapping[str, object] | Refusal | None:
        """GET, POST and DELETE of the app's subscription to `me` or the page's id."""
        if node not in ("me", self._credentials.page_id):
            return None
        if method == "GET":
            link = urlsplit(self._courier.url)
            return self._subscribed.listing(
                app_id=self._credentials.app_id, link=f"{link.scheme}://{link.netloc}"
            )
        if method == "POST":
            fields = read_subscribed_fields(parameters)
            if isinstance(fields, Refusal):
                return fields
            self.resubscribe(fields)
        elif self._subscribed.stopped is None:
            self._subscribed.stopped = "unsubscribed"
            self._courier.stop()
        return {"success": True}

    def resubscribe(self, fields: frozenset[Field]) -> None:
        """Subscribe the app to the page, to these fields and no others. Raises ScenarioError for
        echoes to an app whose id is not a number."""
        check_app_id(self._credentials.app_id, fields)
        self._subscribed.fields = fields
        self._subscribed.stopped = None
        self._courier.resume()

    def trace_id(self, call: Call | None) -> str:
        if call is not None:
            return identity.trace_id(self._kernel.chance, call.name)
        self._direct_requests += 1
        return identity.trace_id(self._kernel.chance, f"direct{self._direct_requests}")

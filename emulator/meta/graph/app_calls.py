"""Calls about the app itself: its webhooks, its tokens, and what it logs."""

from collections.abc import Mapping
from functools import partial

from emulator.meta.delivery.courier import Webhook
from emulator.meta.delivery.subscribed import APP_NAME
from emulator.meta.delivery.subscription import Handshake
from emulator.meta.delivery.wire import encode
from emulator.meta.graph.addressing import Refusal, invalid, one_of, required
from emulator.meta.graph.asked import SUCCESS, Answer, Asked, Later
from emulator.meta.graph.messenger_profile import read_names
from emulator.meta.graph.parameters import as_object, clean
from emulator.meta.graph.refusals import refusal
from emulator.meta.graph.site import Site
from emulator.meta.graph.tokens import app_token, describe_token
from emulator.meta.platform import OBJECTS, fields_of

_NEEDS_APP_TOKEN = refusal(15)


def subscriptions(site: Site, asked: Asked) -> Answer:
    """GET, POST and DELETE of `/{app-id}/subscriptions`: the app's webhooks.

    A POST is answered once the callback has passed its handshake, or not.
    """
    if not site.is_app(asked.address.node):
        return None
    if asked.holder != "app":
        return _NEEDS_APP_TOKEN
    if asked.method == "GET":
        return site.subscription.listing()
    if asked.call is not None and asked.call.name in site.waiting:
        return _conclude(site.waiting.pop(asked.call.name))
    kind = asked.text("object")
    if asked.method == "DELETE":
        if kind is not None and kind not in OBJECTS.values():
            return one_of("object", tuple(OBJECTS.values()))
        site.subscription.remove(kind)
        return SUCCESS
    return _save(site, asked, kind)


def subscriptions_sample(site: Site, asked: Asked) -> Answer:
    """POST `/{app-id}/subscriptions_sample`: a sample notification to the callback."""
    if not site.is_app(asked.address.node):
        return None
    if asked.holder != "app":
        return _NEEDS_APP_TOKEN
    kind, field = asked.text("object"), asked.text("field")
    if kind != OBJECTS[site.platform]:
        return one_of("object", (OBJECTS[site.platform],))
    if field not in site.fields:
        return one_of("field", site.fields)
    custom = as_object(asked.given.get("custom_fields")) or {}
    value = {**_sample_of(site, field), **custom}
    site.courier.send(
        Webhook(
            name=site.name_for(asked.call, "t"),
            roots=(),
            cause=-1 if asked.call is None else asked.call.entry,
            render=partial(_render_sample, kind, field, value),
        ),
        copies=1,
    )
    return SUCCESS


def debug_token(site: Site, asked: Asked) -> Answer:
    """GET `/debug_token`: what a token is good for."""
    token = asked.text("input_token")
    return describe_token(
        token, site.credentials, site.platform, app_name=APP_NAME, login=site.login
    )


def access_token(site: Site, asked: Asked) -> Answer:
    """GET `/oauth/access_token`: the app's own token for its secret, or a token for a newer one.

    Tokens here do not expire, so that one is exchanged for itself.
    """
    if asked.address.node != "oauth":
        return None
    own = site.credentials
    right = asked.text("client_id") == own.app_id and asked.text("client_secret") == own.app_secret
    if not right:
        return Refusal(101, "Error validating application. Cannot get application info.")
    if asked.text("grant_type") == "client_credentials":
        return {"access_token": app_token(own), "token_type": "bearer"}
    exchanged = asked.text("fb_exchange_token")
    if exchanged is None:
        return required("grant_type")
    if exchanged != own.token(site.platform):
        return refusal(190)
    return {"access_token": exchanged, "token_type": "bearer"}


def log_activity(site: Site, asked: Asked) -> Answer:
    """POST `/{app-id}/page_activities`: events for the app's statistics, which nobody reads."""
    return SUCCESS if site.is_app(asked.address.node) else None


# -- inside


def _save(site: Site, asked: Asked, kind: str | None) -> Answer:
    if kind is None or kind not in OBJECTS.values():
        return one_of("object", tuple(OBJECTS.values()))
    url, token = asked.text("callback_url"), asked.text("verify_token")
    if url is None:
        return required("callback_url")
    if not url.lower().startswith(("http://", "https://")):
        return invalid("Param callback_url must be a valid URL")
    if token is None:
        return required("verify_token")
    fields = read_names(asked.given.get("fields"))
    known = next(fields_of(name, site.login) for name, called in OBJECTS.items() if called == kind)
    wrong = next((name for name in fields if name not in known), None)
    if wrong is not None:
        return invalid(f"Param fields must be of {', '.join(known)} - got {clean(wrong)}")
    call = asked.call
    name = "" if call is None else call.name
    handshake = site.subscription.save(
        kind, url, token, fields, on_verdict=lambda _handshake: site.wake(name)
    )
    # Whoever has no call, or only a part of one, can not wait for the verdict.
    if call is None:
        return SUCCESS
    if not asked.batched:
        site.waiting[call.name] = handshake
    return Later(handshake)


def _conclude(handshake: Handshake) -> Answer:
    if handshake.verified:
        return SUCCESS
    row = refusal(2200)
    return Refusal(row.code, f"{row.message}: {handshake.reason}")


def _sample_of(site: Site, field: str) -> Mapping[str, object]:
    """The dashboard's sample of a message, and next to nothing for other fields."""
    sample: dict[str, object] = {
        "sender": {"id": "12334"},
        "recipient": {"id": "23245"},
        "timestamp": str(int(site.kernel.clock.unix)),
    }
    if field == "messages":
        sample["message"] = {"mid": "test_message_id", "text": "test_message"}
    return sample


def _render_sample(kind: str, field: str, value: Mapping[str, object], time_ms: int) -> bytes:
    change = {"field": field, "value": value}
    entry = {"id": "0", "time": time_ms // 1000, "changes": [change]}
    return encode({"object": kind, "entry": [entry]})

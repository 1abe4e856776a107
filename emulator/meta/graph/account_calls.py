"""Calls about the account and its people: what they are called, and what is set up for them."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from emulator.meta.delivery.subscribed import check_app_id, read_subscribed_fields
from emulator.meta.graph.addressing import Refusal, one_of, required
from emulator.meta.graph.asked import SUCCESS, Answer, Asked
from emulator.meta.graph.fields import Fields, Kind, Node, read_wanted, show, show_all
from emulator.meta.graph.messenger_profile import read_names
from emulator.meta.graph.parameters import as_object, clean
from emulator.meta.graph.profile import (
    ACCOUNT_NAMES,
    BUSINESS_NAME,
    account_profile,
    person_profile,
)
from emulator.meta.graph.site import Site
from emulator.meta.graph.thread_nodes import message_node, thread_id, thread_nodes
from emulator.meta.sends.contents import read_attachment

# Both have many more fields than these, so that others are left out instead of refused.
_PAGE = Kind("Page", ("access_token", "category", "name", "id", "tasks"))
_INSTAGRAM = Kind("IGUser", ("id",))

TASKS = ("MODERATE", "MESSAGING", "ANALYZE", "ADVERTISE", "CREATE_CONTENT", "MANAGE")


def node(site: Site, asked: Asked) -> Answer:
    """GET and DELETE of an object itself: the account, a person, a file, a persona, a message."""
    name = asked.address.node
    if asked.method == "DELETE":
        gone = site.nodes.media.remove(name) or site.personas.remove(name)
        return SUCCESS if gone else None
    wanted = read_wanted(asked.parameters)
    if isinstance(wanted, Refusal):
        return wanted
    fields = tuple(wanted)
    if site.is_account(name):
        shown = account_profile(site.platform, site.credentials, fields=fields, is_me=name == "me")
        return _with_instagram(site, shown, wanted)
    if site.is_app(name):
        return {"id": site.credentials.app_id}
    if site.is_business(name):
        return {"id": name, "name": BUSINESS_NAME}
    if site.platform != "whatsapp" and site.contacts.known(name) == name:
        nickname = site.contacts.nickname(name)
        if nickname is None:
            # Somebody whose profile can not be had; User Profile API docs.
            return {}
        return person_profile(
            site.kernel.chance,
            psid=name,
            nickname=nickname,
            fields=fields,
            platform=site.platform,
        )
    return _file(site, name) or site.personas.find(name) or _in_thread(site, name, wanted)


def accounts(site: Site, asked: Asked) -> Answer:
    """GET `/me/accounts`: the pages of whoever asks, with their tokens."""
    if asked.address.node != "me" or site.platform == "whatsapp" or site.login == "instagram":
        return None
    own = site.credentials
    page = {
        "access_token": own.page_token,
        "category": "Business",
        "name": account_profile("messenger", own, fields=("name",), is_me=False)["name"],
        "id": own.page_id,
        "tasks": tuple(TASKS),
        "instagram_business_account": _instagram(site),
    }
    wanted = read_wanted(asked.parameters)
    return wanted if isinstance(wanted, Refusal) else show_all([Node(_PAGE, page)], wanted)


def messenger_profile(site: Site, asked: Asked) -> Answer:
    """GET, POST and DELETE of `/me/messenger_profile`."""
    if not site.is_account(asked.address.node) or site.platform == "whatsapp":
        return None
    often = site.refuse_often("messenger_profile")
    if often is not None:
        return often
    if asked.method == "POST":
        return site.messenger_profile.change(asked.given)
    fields = read_names(asked.given.get("fields"))
    profile = site.messenger_profile
    return profile.show(fields) if asked.method == "GET" else profile.remove(fields)


def subscribed_apps(site: Site, asked: Asked) -> Answer:
    """GET, POST and DELETE of the app's subscription to the account."""
    name = asked.address.node
    if not (site.is_account(name) if site.platform != "whatsapp" else site.is_business(name)):
        return None
    if asked.method == "GET":
        link = urlsplit(site.courier.url)
        return _listing(site, f"{link.scheme}://{link.netloc}")
    if asked.method == "DELETE":
        site.courier.unsubscribe()
        return SUCCESS
    if site.platform == "whatsapp":
        # A WhatsApp account has no choice of fields here: those of the app count.
        site.courier.subscribe(site.subscribed.fields)
        return SUCCESS
    fields = read_subscribed_fields(asked.parameters, site.fields)
    if isinstance(fields, Refusal):
        return fields
    check_app_id(site.credentials.app_id, fields)
    site.courier.subscribe(fields)
    return SUCCESS


def message_attachments(site: Site, asked: Asked) -> Answer:
    """POST `/me/message_attachments`: a file that can be sent by its id."""
    if not site.is_account(asked.address.node) or site.platform == "whatsapp":
        return None
    message = as_object(asked.given.get("message")) or {}
    attachment = as_object(message.get("attachment"))
    if attachment is None:
        return required("message[attachment]")
    read = read_attachment(attachment, asked.upload, site.platform)
    if isinstance(read, Refusal):
        return read
    if attachment.get("type") == "template":
        return one_of("message[attachment][type]", ("image", "audio", "video", "file"))
    made = site.name_for(asked.call, "f")
    resolved = site.uploads.resolve(
        attachment, asked.upload, name=made, unix=site.kernel.clock.unix
    )
    if isinstance(resolved, Refusal):
        return resolved
    return {"attachment_id": site.uploads.keep(resolved, name=made)}


def personas(site: Site, asked: Asked) -> Answer:
    """GET and POST of `/me/personas`."""
    if not site.is_account(asked.address.node) or site.platform != "messenger":
        return None
    if asked.method == "GET":
        return {"data": site.personas.all()}
    name, picture = asked.text("name"), asked.text("profile_picture_url")
    if name is None:
        return required("name")
    if picture is None:
        return required("profile_picture_url")
    made = site.name_for(asked.call, "p")
    return {"id": site.personas.make(clean(name), clean(picture), drawn_by=made)}


def nlp_configs(site: Site, asked: Asked) -> Answer:
    """POST `/me/nlp_configs`: whether texts come with what they may mean. They never do here."""
    known = site.is_account(asked.address.node) and site.platform == "messenger"
    return SUCCESS if known else None


# -- inside


def _listing(site: Site, link: str) -> Mapping[str, object]:
    app_id = site.credentials.app_id
    listed = site.subscribed.listing(app_id=app_id, link=link)
    if site.platform != "whatsapp":
        return listed
    # The same, as an account of WhatsApp shows it.
    data = listed["data"]
    apps = data if isinstance(data, list) else []
    return {
        "data": [
            {"whatsapp_business_api_data": {key: app[key] for key in ("link", "name", "id")}}
            for app in apps
        ]
    }


def _file(site: Site, media_id: str) -> Mapping[str, object] | None:
    file = site.nodes.media.find(media_id)
    if file is None:
        return None
    return {
        "url": site.nodes.media.link(file, unix=site.kernel.clock.unix),
        "mime_type": file.mime_type,
        "sha256": file.sha256_hex,
        "file_size": len(file.data),
        "id": file.id,
        "messaging_product": "whatsapp",
    }


def _in_thread(site: Site, name: str, wanted: Fields) -> Answer:
    """A message, or a conversation."""
    line = site.nodes.threads.find(name)
    if line is not None:
        return show(message_node(site, line), wanted)
    if site.platform == "whatsapp" or not name.startswith(thread_id("")):
        return None
    found = thread_nodes(site, wanted, person=name.removeprefix(thread_id("")))
    return show(found[0], wanted) if found else None


def _instagram(site: Site) -> Node:
    values = {"id": site.credentials.instagram_id, "username": ACCOUNT_NAMES["instagram"]}
    return Node(_INSTAGRAM, values)


def _with_instagram(site: Site, page: Mapping[str, object], wanted: Fields) -> Answer:
    """The page with what was asked for of its Instagram account."""
    name = "instagram_business_account"
    if name not in page or not wanted[name].inner:
        return page
    account = show(_instagram(site), wanted[name].inner)
    return account if isinstance(account, Refusal) else {**page, name: account}

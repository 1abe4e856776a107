"""Calls that only WhatsApp has: files, phone numbers, templates."""

from collections.abc import Mapping

from emulator.meta.graph.addressing import invalid, required
from emulator.meta.graph.asked import SUCCESS, Answer, Asked
from emulator.meta.graph.media import SIZE_LIMITS
from emulator.meta.graph.profile import BUSINESS_NAME
from emulator.meta.graph.site import Site

_KINDS = {"image": "image", "audio": "audio", "video": "video"}


def upload_media(site: Site, asked: Asked) -> Answer:
    """POST `/{phone-number-id}/media`: a file that can be sent by its id."""
    if site.platform != "whatsapp" or not site.is_account(asked.address.node):
        return None
    if asked.given.get("messaging_product") != "whatsapp":
        return required("messaging_product")
    upload = asked.upload
    if upload is None:
        return required("file")
    mime_type = asked.text("type") or upload.mime_type
    group = mime_type.partition("/")[0]
    kind = "sticker" if mime_type == "image/webp" else _KINDS.get(group, "document")
    if len(upload.data) > SIZE_LIMITS[kind]:
        return invalid(f"Param file must be at most {SIZE_LIMITS[kind]} bytes for {mime_type}")
    name = site.name_for(asked.call, "f")
    file = site.nodes.media.keep(name, kind, upload.data, mime_type=mime_type)
    return {"id": file.id}


def phone_numbers(site: Site, asked: Asked) -> Answer:
    """GET `/{business-account-id}/phone_numbers`."""
    if not site.is_business(asked.address.node):
        return None
    own = site.credentials
    number = {
        "verified_name": BUSINESS_NAME,
        "display_phone_number": own.display_phone_number,
        "id": own.phone_number_id,
        "quality_rating": "GREEN",
    }
    return {"data": [number]}


def message_templates(site: Site, asked: Asked) -> Answer:
    """GET and POST of `/{business-account-id}/message_templates`: those that the world was given,
    and new ones, which are approved at once."""
    if not site.is_business(asked.address.node):
        return None
    if asked.method == "GET":
        return {"data": [_template(name) for name in site.templates]}
    name = asked.text("name")
    if name is None:
        return required("name")
    if asked.text("language") is None:
        return required("language")
    if name in site.templates:
        return invalid("There is already content in this language for this template")
    site.templates.append(name)
    return {"id": _template(name)["id"], "status": "APPROVED", "category": asked.text("category")}


def business_profile(site: Site, asked: Asked) -> Answer:
    """GET and POST of `/{phone-number-id}/whatsapp_business_profile`."""
    if site.platform != "whatsapp" or not site.is_account(asked.address.node):
        return None
    if asked.method == "GET":
        return {"data": [{"messaging_product": "whatsapp", **site.business_profile}]}
    if asked.given.get("messaging_product") != "whatsapp":
        return required("messaging_product")
    known = ("about", "address", "description", "email", "vertical", "websites")
    site.business_profile.update({key: asked.given[key] for key in known if key in asked.given})
    return SUCCESS


def register(site: Site, asked: Asked) -> Answer:
    """POST `/{phone-number-id}/register` and `deregister`: the number is taken as registered."""
    known = site.platform == "whatsapp" and site.is_account(asked.address.node)
    return SUCCESS if known else None


def _template(name: str) -> Mapping[str, object]:
    number = sum(ord(letter) * (position + 1) for position, letter in enumerate(name))
    return {"name": name, "status": "APPROVED", "language": "en_US", "id": str(10**15 + number)}

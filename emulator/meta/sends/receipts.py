"""What comes back of the bot's own sends on each platform: echoes, receipts, statuses."""

from dataclasses import replace

from emulator.meta.delivery.wire import Item
from emulator.meta.items.update import Update
from emulator.meta.sends.feedback import DELIVERY_AFTER_S, ECHO_AFTER_S, Origin, Receipt
from emulator.meta.sends.outbox import Sent

# -- Messenger docs, "Webhook Events Reference"


def page_echo(sent: Sent, origin: Origin, unix: float) -> Update:
    message: dict[str, object] = {"mid": sent.message_id}
    if sent.text:
        message["text"] = sent.text
    message |= {"is_echo": True, "app_id": int(origin.app_id)}
    if sent.attachments:
        message["attachments"] = list(sent.attachments)
    if sent.reply_to is not None:
        message["reply_to"] = {"mid": sent.reply_to}
    if sent.metadata is not None:
        message["metadata"] = sent.metadata
    body = {
        "sender": {"id": origin.account},
        "recipient": {"id": sent.to},
        "timestamp": origin.sent_ms(sent),
        "message": message,
    }
    return Update("message_echoes", body)


def page_delivered(sent: Sent, origin: Origin, unix: float) -> Update:
    body = {
        "sender": {"id": sent.to},
        "recipient": {"id": origin.account},
        "delivery": {"mids": [sent.message_id], "watermark": origin.sent_ms(sent)},
    }
    return Update("message_deliveries", body)


def page_seen(sent: Sent, origin: Origin, unix: float) -> Update:
    body = {
        "sender": {"id": sent.to},
        "recipient": {"id": origin.account},
        "timestamp": round(unix * 1000),
        "read": {"watermark": origin.sent_ms(sent)},
    }
    return Update("message_reads", body)


# -- Instagram platform docs, "Webhooks"


def instagram_echo(sent: Sent, origin: Origin, unix: float) -> Update:
    message: dict[str, object] = {"mid": sent.message_id, "is_echo": True}
    if sent.text:
        message["text"] = sent.text
    if sent.attachments:
        message["attachments"] = list(sent.attachments)
    if sent.reply_to is not None:
        message["reply_to"] = {"mid": sent.reply_to}
    body = {
        "sender": {"id": origin.account},
        "recipient": {"id": sent.to},
        "timestamp": origin.sent_ms(sent),
        "message": message,
    }
    return Update("messages", body)


def instagram_login_echo(sent: Sent, origin: Origin, unix: float) -> Update:
    """The same in a field of its own; that it looks the same there is assumed."""
    return replace(instagram_echo(sent, origin, unix), field="message_echoes")


def instagram_seen(sent: Sent, origin: Origin, unix: float) -> Update:
    """One message, and not a watermark."""
    body = {
        "sender": {"id": sent.to},
        "recipient": {"id": origin.account},
        "timestamp": round(unix * 1000),
        "read": {"mid": sent.message_id},
    }
    return Update("messaging_seen", body)


# -- WhatsApp docs, "Webhooks", statuses


def status_update(
    mid: str, status: str, *, to: str, unix: float, extra: Item | None = None
) -> Update:
    """One id goes through several statuses; `extra` is what some of them have besides."""
    body: dict[str, object] = {
        "id": mid,
        "status": status,
        "timestamp": str(int(unix)),
        "recipient_id": to,
    }
    body |= extra or {}
    return Update("messages", body, channel="changes", part="statuses")


def whatsapp_sent(sent: Sent, origin: Origin, unix: float) -> Update:
    return status_update(sent.message_id, "sent", to=sent.to, unix=unix)


def whatsapp_delivered(sent: Sent, origin: Origin, unix: float) -> Update:
    return status_update(sent.message_id, "delivered", to=sent.to, unix=unix)


def whatsapp_read(sent: Sent, origin: Origin, unix: float) -> Update:
    return status_update(sent.message_id, "read", to=sent.to, unix=unix)


PAGE_RECEIPTS = (
    Receipt("e0", "message_echoes", page_echo, ECHO_AFTER_S, of_device=False),
    Receipt("d0", "message_deliveries", page_delivered, DELIVERY_AFTER_S),
)
PAGE_READ = Receipt("o0", "message_reads", page_seen)

# An app always hears of its own messages, in the field of all messages.
INSTAGRAM_RECEIPTS = (Receipt("e0", "messages", instagram_echo, ECHO_AFTER_S, of_device=False),)
INSTAGRAM_LOGIN_RECEIPTS = (
    Receipt("e0", "message_echoes", instagram_login_echo, ECHO_AFTER_S, of_device=False),
)
INSTAGRAM_READ = Receipt("o0", "messaging_seen", instagram_seen)

WHATSAPP_RECEIPTS = (
    Receipt("s0", "messages", whatsapp_sent, ECHO_AFTER_S),
    Receipt("d0", "messages", whatsapp_delivered, DELIVERY_AFTER_S),
)
WHATSAPP_READ = Receipt("o0", "messages", whatsapp_read)

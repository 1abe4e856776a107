"""The environment that a bot is given of which a profile says nothing: templates by the names that
the reference bot, vendors' samples and frameworks use.
"""

from collections.abc import Collection, Mapping

from harness.platforms import USUAL, PlatformName
from harness.queue_kinds import QueueKind

# The names of the reference bot, on Messenger.
REFERENCE_ENV: Mapping[str, str] = {
    "FB_APP_SECRET": "{meta.app_secret}",
    "FB_VERIFY_TOKEN": "{meta.verify_token}",
    "FB_PAGE_TOKEN": "{meta.page_token}",
    "GRAPH_URL": "{meta.graph_url}",
    "QSTASH_URL": "{qstash.url}",
    "QSTASH_TOKEN": "{qstash.token}",
    "QSTASH_CURRENT_SIGNING_KEY": "{qstash.current_key}",
    "QSTASH_NEXT_SIGNING_KEY": "{qstash.next_key}",
    "PUBLIC_URL": "{bot.public_url}",
    "FIRESTORE_URL": "{firestore.url}",
    "FIRESTORE_PROJECT": "{firestore.project}",
    "FIRESTORE_TOKEN": "{firestore.token}",
}

# The same for the reference bot with Cloud Tasks as its queue.
CLOUD_TASKS_ENV: Mapping[str, str] = {
    "CLOUD_TASKS_URL": "{cloudtasks.url}",
    "CLOUD_TASKS_QUEUE": "{cloudtasks.queue}",
    "CLOUD_TASKS_TOKEN": "{cloudtasks.token}",
    "CLOUD_TASKS_ACCOUNT": "{cloudtasks.account}",
    "GOOGLE_CERTS_URL": "{cloudtasks.certs_url}",
}

# The same with SQS, by the names that Lambda and the vendor's clients use.
SQS_ENV: Mapping[str, str] = {
    "AWS_ACCESS_KEY_ID": "{sqs.access_key}",
    "AWS_ENDPOINT_URL_SQS": "{sqs.url}",
    "AWS_REGION": "{sqs.region}",
    "AWS_SECRET_ACCESS_KEY": "{sqs.secret_key}",
    "SQS_QUEUE_URL": "{sqs.fifo_url}",
}

# Beside them, and whatever the platform. No addresses are needed: real ones lead to the fakes.
_EVERYWHERE: Mapping[str, str] = {
    # Meta's sample app for the Messenger Platform, "original-coast-clothing"; the one for
    # Instagram has the same names
    "APP_SECRET": "{meta.app_secret}",
    "VERIFY_TOKEN": "{meta.verify_token}",
    "PAGE_ACCESS_TOKEN": "{meta.page_token}",
    "PAGE_ID": "{meta.page_id}",
    # Bottender docs, "Messenger Setup"
    "MESSENGER_APP_ID": "{meta.app_id}",
    "MESSENGER_APP_SECRET": "{meta.app_secret}",
    "MESSENGER_VERIFY_TOKEN": "{meta.verify_token}",
    "MESSENGER_ACCESS_TOKEN": "{meta.page_token}",
    "MESSENGER_PAGE_ID": "{meta.page_id}",
    # The same with the platform's older name
    "FB_PAGE_ACCESS_TOKEN": "{meta.page_token}",
    "FACEBOOK_APP_SECRET": "{meta.app_secret}",
    "FACEBOOK_VERIFY_TOKEN": "{meta.verify_token}",
    "FACEBOOK_PAGE_ACCESS_TOKEN": "{meta.page_token}",
    # Google Cloud docs, "Application Default Credentials"; the second is the older name
    "GOOGLE_CLOUD_PROJECT": "{firestore.project}",
    "GCLOUD_PROJECT": "{firestore.project}",
}
_INSTAGRAM: Mapping[str, str] = {
    "INSTAGRAM_TOKEN": "{instagram.token}",  # the reference bot
    "APP_ID": "{meta.app_id}",  # Meta's sample app for Instagram, "original-coast-clothing-ig"
}
_WHATSAPP: Mapping[str, str] = {
    "WHATSAPP_TOKEN": "{whatsapp.token}",  # the reference bot
    # Meta's samples for WhatsApp, "whatsapp-api-examples"
    "APP_ID": "{meta.app_id}",
    "ACCESS_TOKEN": "{whatsapp.token}",
    "PHONE_NUMBER_ID": "{whatsapp.phone_number_id}",
    "BUSINESS_ACCOUNT_ID": "{whatsapp.business_account_id}",
    "WEBHOOK_VERIFICATION_TOKEN": "{meta.verify_token}",
    # Meta's echo bot for WhatsApp, in "WhatsApp-Flows-Tools"
    "GRAPH_API_TOKEN": "{whatsapp.token}",
    "WEBHOOK_VERIFY_TOKEN": "{meta.verify_token}",
    # WhatsApp Business Platform Node.js SDK, "Configuration"
    "M4D_APP_ID": "{meta.app_id}",
    "M4D_APP_SECRET": "{meta.app_secret}",
    "CLOUD_API_ACCESS_TOKEN": "{whatsapp.token}",
    "WA_PHONE_NUMBER_ID": "{whatsapp.phone_number_id}",
    "WA_BUSINESS_ACCOUNT_ID": "{whatsapp.business_account_id}",
}


def default_env(
    platforms: Collection[PlatformName] = USUAL, queue: QueueKind = "qstash"
) -> dict[str, str]:
    """The templates for a bot on these platforms, with this queue."""
    env = {**REFERENCE_ENV, **_EVERYWHERE}
    if queue != "qstash":
        env = {name: text for name, text in env.items() if "{qstash." not in text}
        env |= CLOUD_TASKS_ENV if queue == "cloudtasks" else SQS_ENV
    if "instagram" in platforms:
        env |= _INSTAGRAM
        if "messenger" not in platforms:
            # A page that is there for its Instagram account alone.
            env["PAGE_ACCESS_TOKEN"] = "{instagram.token}"
    if "messenger" not in platforms:
        # By its token the reference bot knows that it is on Messenger.
        del env["FB_PAGE_TOKEN"]
    if "whatsapp" in platforms:
        env |= _WHATSAPP
    return env


DEFAULT_ENV: Mapping[str, str] = default_env()

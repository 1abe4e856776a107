"""The tables of the Graph API for `docs/meta.md`: its calls, its errors, its limits."""

from typing import get_args

from emulator.meta.graph.edges import EDGES
from emulator.meta.graph.limits import RATES
from emulator.meta.graph.refusals import TABLE
from emulator.meta.platform import TITLES, PlatformName

# What a call does, and the test that holds it.
_CALLS = {
    "{account}/messages": (
        "a message or a sender action",
        "sends/test_messages.py::test_send__of_a_page",
    ),
    "{node}": (
        "the account, a person, a file, a persona, a message",
        "graph/test_api.py::test_profile__of_a_person",
    ),
    "me/accounts": (
        "the page, with its token",
        "graph/test_account_calls.py::test_accounts__are_the_page_with_its_token",
    ),
    "{account}/messenger_profile": (
        "greeting, menu, Get Started",
        "graph/test_messenger_profile.py::test_properties__are_shown_once_they_are_set",
    ),
    "{account}/subscribed_apps": (
        "whether the app is told",
        "graph/test_account_calls.py::test_subscribed_apps",
    ),
    "{account}/message_attachments": (
        "a file that can be sent by its id",
        "graph/test_account_calls.py::test_message_attachments__by_upload",
    ),
    "{account}/personas": (
        "other names to write under",
        "graph/test_account_calls.py::test_personas",
    ),
    "{account}/nlp_configs": ("accepted", "graph/test_account_calls.py::test_nlp_configs"),
    "{account}/conversations": (
        "who wrote lately, and what",
        "graph/test_conversation_calls.py::test_conversations__show_both_sides_newest_first",
    ),
    "{account}/pass_thread_control": (
        "a conversation to another app",
        "graph/test_conversation_calls.py::test_control__is_passed_and_taken_back",
    ),
    "{account}/take_thread_control": (
        "a conversation back",
        "graph/test_conversation_calls.py::test_control__is_passed_and_taken_back",
    ),
    "{account}/request_thread_control": (
        "asks for a conversation",
        "graph/test_conversation_calls.py::test_control__is_asked_for",
    ),
    "{account}/release_thread_control": (
        "a conversation to the inbox",
        "graph/test_conversation_calls.py::test_control__is_released_to_the_inbox",
    ),
    "{account}/thread_owner": (
        "who has a conversation",
        "graph/test_conversation_calls.py::test_thread_owner__of_nobody",
    ),
    "{account}/secondary_receivers": (
        "the inbox",
        "graph/test_conversation_calls.py::test_control__is_released_to_the_inbox",
    ),
    "{comment}/replies": (
        "a public answer",
        "graph/test_conversation_calls.py::test_replies__to_a_comment",
    ),
    "{comment}/comments": (
        "the same",
        "graph/test_conversation_calls.py::test_replies__to_a_comment",
    ),
    "{comment}/private_replies": (
        "a message to the author, once",
        "graph/test_conversation_calls.py::test_private_replies",
    ),
    "{app}/subscriptions": (
        "webhooks; a POST is answered after its handshake",
        "graph/test_app_calls.py::test_subscriptions__answers_once_the_handshake_is_judged",
    ),
    "{app}/subscriptions_sample": (
        "a sample notification",
        "graph/test_app_calls.py::test_sample__is_sent_to_the_callback",
    ),
    "{app}/page_activities": (
        "accepted",
        "graph/test_app_calls.py::test_activities__take_no_token",
    ),
    "{app}/activities": ("accepted", "graph/test_app_calls.py::test_activities__take_no_token"),
    "debug_token": (
        "what a token is good for",
        "graph/test_tokens.py::test_debug_token__of_the_page",
    ),
    "oauth/access_token": (
        "the app's own token",
        "graph/test_app_calls.py::test_access_token__of_the_app",
    ),
    "{account}/media": (
        "a file that can be sent by its id",
        "graph/test_whatsapp_calls.py::test_media__up_and_down",
    ),
    "{business}/phone_numbers": ("the number", "graph/test_whatsapp_calls.py::test_phone_numbers"),
    "{business}/message_templates": (
        "templates, approved at once",
        "graph/test_whatsapp_calls.py::test_message_templates",
    ),
    "{account}/whatsapp_business_profile": (
        "what the business says of itself",
        "graph/test_whatsapp_calls.py::test_business_profile",
    ),
    "{account}/register": ("accepted", "graph/test_whatsapp_calls.py::test_register"),
    "{account}/deregister": ("accepted", "graph/test_whatsapp_calls.py::test_register"),
}

_RATES = {
    "app": (
        "calls of an app in an hour, for each person",
        "graph/test_usage.py::test_app_limit__of_200_calls_an_hour_for_each_person",
    ),
    "messenger": (
        "calls for a page in a day, for each person",
        "graph/test_usage.py::test_account_limit__of_a_day",
    ),
    "instagram": (
        "calls for an Instagram account in a day, for each person",
        "graph/test_usage.py::test_account_limit__of_a_day",
    ),
    "whatsapp": (
        "calls for a WhatsApp account in an hour",
        "graph/test_usage.py::test_account_limit__of_whatsapp",
    ),
    "text": (
        "sends of a page or an Instagram account in a second",
        "graph/test_usage.py::test_send_rate__of_a_second",
    ),
    "media": (
        "audio and video of these in a second",
        "graph/test_usage.py::test_send_rate__of_a_second",
    ),
    "conversations": (
        "`conversations` calls in a second",
        "graph/test_usage.py::test_conversations__two_a_second",
    ),
    "messenger_profile": (
        "`messenger_profile` calls in ten minutes",
        "graph/test_usage.py::test_messenger_profile__ten_calls_in_ten_minutes",
    ),
    "private replies": (
        "private replies in an hour",
        "graph/test_usage.py::test_private_replies__750_an_hour",
    ),
    "private replies to live comments": (
        "private replies to the comments on a live video of Instagram in a second",
        "graph/test_usage.py::test_private_replies__to_live_comments_100_a_second",
    ),
    "inbox": (
        "messages of a page in a second: beyond, `conversations` is no list",
        "graph/test_usage.py::test_inbox__of_more_than_40_messages_in_a_second_is_not_listed",
    ),
    "throughput": (
        "sends of a WhatsApp number in a second",
        "graph/test_usage.py::test_send_rate__of_a_whatsapp_number",
    ),
    "pair": (
        "sends of a WhatsApp number to one person in six seconds",
        "graph/test_usage.py::test_pair_rate__one_message_in_six_seconds",
    ),
}


def calls() -> str:
    """A row for each call."""
    rows = ["| call | platforms | what | test |", "| --- | --- | --- | --- |"]
    for edge in EDGES:
        what, test = _CALLS[edge.path]
        everywhere = len(edge.platforms) == len(get_args(PlatformName))
        platforms = "all" if everywhere else ", ".join(TITLES[name] for name in edge.platforms)
        methods = ", ".join(edge.methods)
        rows.append(f"| {methods} `/{edge.path}` | {platforms} | {what} | `{test}` |")
    return "\n".join(rows) + "\n"


def errors() -> str:
    """A row for each error."""
    rows = [
        "| code | subcode | HTTP | type | message | transient | source | test |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in TABLE:
        test = (
            f"graph/test_refusals.py::test_table__every_error_can_be_had[{row.code}-{row.subcode}]"
        )
        rows.append(
            f"| {row.code} | {row.subcode or ''} | {row.status} | {row.kind} | {row.message} "
            f"| {'yes' if row.transient else ''} | {row.source} | `{test}` |"
        )
    return "\n".join(rows) + "\n"


def limits() -> str:
    """A row for each limit."""
    rows = ["| limit | of | error | test |", "| --- | --- | --- | --- |"]
    for rate in RATES:
        what, test = _RATES[rate.name]
        rows.append(f"| {rate.calls:,} | {what} | {rate.code} | `{test}` |")
    return "\n".join(rows) + "\n"

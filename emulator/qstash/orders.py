"""What a publish to a URL or a URL group comes to: one message for each address."""

from dataclasses import replace
from typing import NamedTuple

from emulator.qstash.destination import is_url, with_query
from emulator.qstash.fields import Fields, with_defaults
from emulator.qstash.grammar import is_name
from emulator.qstash.message import Post
from emulator.qstash.refusal import Refused
from emulator.qstash.topics import UrlGroups
from emulator.qstash.wire import Terms, read_message


class Order(NamedTuple):
    """A valid request to publish.

    `asked` is the message as it was asked for; with a group its URL is the group's name, and the
    `posts`, one for each endpoint, have the addresses.
    """

    asked: Post
    posts: tuple[Post, ...]
    grouped: bool


def read_order(
    target: str,
    fields: Fields,
    body: bytes,
    *,
    terms: Terms,
    groups: UrlGroups,
    queue: str = "",
    own_authorization: bool = False,
) -> Order:
    """Read a request to publish to `target`, a URL without its query or a group's name.

    Raises Refused when it is not valid. An unknown name is refused as a URL without a scheme is.
    """
    if queue:
        check_queue_name(queue)
    group = None if is_url(target) else groups.find(target)
    if group is None:
        url = with_query(target, fields.query)
        try:
            terms.check_destination(url)
        except Refused as refused:
            if is_url(target):
                raise
            raise Refused(terms.switches.unknown_group_status, str(refused)) from refused
        post = read_message(
            url, fields, body, terms=terms, own_authorization=own_authorization, queue=queue
        )
        return Order(post, (post,), False)
    asked = read_message(
        group.name,
        with_defaults(fields, group.headers),
        body,
        terms=terms,
        own_authorization=own_authorization,
        queue=queue,
    )
    key = asked.dedup_key
    publish = replace(asked.publish, topic=group.name)
    # No id has a colon in it, so an endpoint's keys never meet those of other publishes.
    posts = tuple(
        Post(
            replace(publish, url=endpoint.url, endpoint=endpoint.name),
            body,
            f"group:{endpoint.url}:{key}" if key else "",
        )
        for endpoint in group.endpoints
    )
    return Order(asked._replace(publish=publish), posts, True)


def check_queue_name(name: str) -> None:
    """Raise Refused (400) unless a queue may have this name."""
    if not is_name(name):
        raise Refused(400, f"invalid queue name: '{name}'")

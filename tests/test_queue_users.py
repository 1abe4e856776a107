"""The accounts share one port: the token of a request tells whose it is."""

import pytest

from emulator.exchange import Request
from emulator.queue_users import QUEUE_USERS, QueueUser, for_its_user, origin_of

URL = "https://qstash.upstash.io/v2/queues"


@pytest.mark.parametrize("user", QUEUE_USERS[1:])
def test_token_in_the_header__tells_the_account(user: QueueUser) -> None:
    request = Request("GET", URL, (("Authorization", f"Bearer {user.token}"),))
    assert for_its_user(request).url == f"{origin_of(user)}/v2/queues"


def test_token_in_the_query__tells_the_account() -> None:
    user = QUEUE_USERS[2]
    request = Request("GET", f"{URL}?qstash_token={user.token.replace('=', '%3D')}")
    assert for_its_user(request).url.startswith(f"{origin_of(user)}/v2/queues?")


@pytest.mark.parametrize("token", [QUEUE_USERS[0].token, "unknown", ""])
def test_any_other_token__is_left_to_the_first_account(token: str) -> None:
    request = Request("GET", URL, (("Authorization", f"Bearer {token}"),))
    assert for_its_user(request) is request

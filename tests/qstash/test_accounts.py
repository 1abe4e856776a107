"""Several accounts in one world: nothing of one is seen, used or signed by another."""

import json

import pytest
from freezegun import freeze_time
from qstash import Receiver
from qstash.errors import SignatureError

from emulator.exchange import Reply, Request
from emulator.kernel import Kernel
from emulator.qstash import QStash
from tests.qstash.support import CONSUMER, HOST, Consumer

# Keys of `testUser1` of the vendor's development server.
CURRENT = "sig_7GVPjvuwsfqF65iC8fSrs1dfYruM"
NEXT = "sig_5NoELc3EFnZn4DVS5bDs2Nk4b7Ua"


def accounts() -> tuple[Kernel, Consumer, QStash, QStash]:
    kernel = Kernel()
    consumer = kernel.origins[HOST] = Consumer(kernel)
    first = QStash(kernel, token="one", causes="one")
    second = QStash(kernel, token="two", current_key=CURRENT, next_key=NEXT, causes="two")
    return kernel, consumer, first, second


def ask(account: QStash, method: str, path: str, body: object = None, token: str = "") -> Reply:
    headers = (("Authorization", f"Bearer {token or account.token}"),)
    sent = b"" if body is None else json.dumps(body).encode()
    return account.handle(Request(method, account.origins[0] + path, headers, sent))


def test_token__of_another_account_is_refused() -> None:
    _, _, first, second = accounts()

    assert ask(first, "GET", "/v2/keys", token=second.token).status == 401
    assert ask(second, "GET", "/v2/keys").status == 200


def test_state__is_an_accounts_own() -> None:
    kernel, _, first, second = accounts()
    group = {"endpoints": [{"url": CONSUMER}]}
    ask(first, "POST", "/v2/topics/g/endpoints", group)
    ask(first, "POST", f"/v2/enqueue/q/{CONSUMER}")
    answer = json.loads(ask(first, "POST", f"/v2/publish/{CONSUMER}").body)
    while kernel.run_step():
        pass

    for path in ("topics", "queues", "schedules", "flowControl"):
        assert ask(second, "GET", f"/v2/{path}").body == b"[]"
    assert ask(second, "GET", f"/v2/messages/{answer['messageId']}").status == 404
    assert ask(second, "POST", "/v2/publish/g").status == 400
    assert (len(first.events()), second.events()) == (6, [])
    assert (first.published, second.published) == (2, 0)


def test_messages__have_ids_and_names_of_their_own() -> None:
    kernel, _, first, second = accounts()

    ids = [
        json.loads(ask(account, "POST", f"/v2/publish/{CONSUMER}").body)["messageId"]
        for account in (first, second)
    ]

    assert ids[0] != ids[1]
    assert [entry.name for entry in kernel.journal.entries("publish")] == ["one.q0", "two.q0"]


def test_deliveries__are_signed_with_the_accounts_key() -> None:
    kernel, consumer, first, second = accounts()
    ask(second, "POST", f"/v2/publish/{CONSUMER}")
    while kernel.run_step():
        pass

    (seen,) = consumer.seen
    signature = seen.request.header("Upstash-Signature") or ""
    with freeze_time("2026-09-21 14:13:20"):
        Receiver(CURRENT, NEXT).verify(signature=signature, body="", url=CONSUMER)
        with pytest.raises(SignatureError, match=r"Signature verification failed$"):
            Receiver(first.keys.current, first.keys.next).verify(
                signature=signature, body="", url=CONSUMER
            )

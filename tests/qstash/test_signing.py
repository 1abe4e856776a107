"""Signatures, checked with the libraries that receivers use."""

import datetime

import jwt
import pytest
from freezegun import freeze_time
from qstash import Receiver
from qstash.errors import SignatureError

from emulator.chance import Chance
from emulator.clock import VIRTUAL_EPOCH
from emulator.exchange import Reply
from emulator.qstash.signing import KeyPair, body_hash, sign
from tests.qstash.support import CONSUMER, Bench

KEY = "sig_7kYjw48mhY7kAjqNGcy6cr29RJ6r"


@pytest.mark.parametrize(
    ("body", "claim"),
    [
        (b"", "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU="),
        (b'{"hello":"world"}', "k6I5cakU5erL8KjSUVTNownDwccvu5kU1Hxg88toFYg="),
        (b'{"hello": "world"}', "X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE="),
    ],
)
def test_body_hash__vectors(body: bytes, claim: str) -> None:
    assert body_hash(body) == claim


def test_token__claims() -> None:
    token = sign(KEY, url=CONSUMER, body=b"x", unix=VIRTUAL_EPOCH + 0.9, token_id="jwt_1")

    assert jwt.get_unverified_header(token) == {"alg": "HS256", "typ": "JWT"}
    claims = jwt.decode(
        token, KEY, algorithms=["HS256"], options={"verify_exp": False, "verify_iat": False}
    )
    assert claims == {
        "iss": "Upstash",
        "sub": CONSUMER,
        "exp": 1_790_000_300,
        "nbf": 0,
        "iat": 1_790_000_000,
        "jti": "jwt_1",
        "body": body_hash(b"x"),
    }


def test_token__is_what_pyjwt_would_make() -> None:
    token = sign(KEY, url=CONSUMER, body=b"x", unix=1e9, token_id="jwt_1")
    claims = jwt.decode(token, options={"verify_signature": False})

    assert jwt.encode(claims, KEY, algorithm="HS256", headers={"typ": "JWT"}) == token


def test_keys__rotate() -> None:
    keys = KeyPair("sig_a", "sig_b")

    keys.rotate(Chance(0))

    assert keys.current == "sig_b"
    assert keys.next.startswith("sig_")
    assert len(keys.next) == 32
    assert keys.next not in ("sig_a", "sig_b")


def verify(
    bench: Bench, receiver: Receiver, *, late_s: float = 0.0, body: str | None = None
) -> None:
    """Check the newest delivery as a bot's consumer would, on the clock that the bot sees."""
    request = bench.consumer.seen[-1].request
    when = datetime.datetime.fromtimestamp(bench.kernel.clock.unix + late_s, datetime.UTC)
    with freeze_time(when):
        receiver.verify(
            signature=request.header("Upstash-Signature") or "",
            body=request.body.decode() if body is None else body,
            url=request.url,
        )


def receiver_of(bench: Bench) -> Receiver:
    return Receiver(bench.qstash.keys.current, bench.qstash.keys.next)


def test_receiver__accepts_a_delivery_and_its_retry() -> None:
    bench = Bench(None)
    receiver = receiver_of(bench)
    bench.publish({"Upstash-Timeout": "3s"}, '{"text":"grüße"}'.encode())

    bench.run(until=0.0)
    verify(bench, receiver)
    bench.run(until=20.0)

    assert len(bench.consumer.seen) == 2
    with pytest.raises(SignatureError):
        verify(bench, receiver, late_s=-10.0)


def test_receiver__refuses_an_altered_body_and_an_old_token() -> None:
    bench = Bench()
    bench.publish(body=b"{}")
    bench.run()

    verify(bench, receiver_of(bench), late_s=299.0)
    with pytest.raises(SignatureError):
        verify(bench, receiver_of(bench), late_s=301.0)
    with pytest.raises(SignatureError):
        verify(bench, receiver_of(bench), body="{ }")


def test_receiver__survives_one_rotation_and_not_two() -> None:
    bench = Bench()
    receiver = receiver_of(bench)

    assert bench.ask("POST", "/v2/keys/rotate").ok
    bench.publish()
    bench.run()
    verify(bench, receiver)

    assert bench.ask("POST", "/v2/keys/rotate").ok
    bench.publish()
    bench.run()
    with pytest.raises(SignatureError):
        verify(bench, receiver)


def test_rotation__is_an_operators_too() -> None:
    bench = Bench(None, Reply(200))
    bench.publish({"Upstash-Timeout": "1s"})
    bench.run(until=1.0)
    before = bench.qstash.keys.next

    bench.qstash.rotate_keys()

    assert bench.qstash.keys.current == before
    bench.run()
    verify(bench, Receiver(before, before))


def test_delivery__is_signed_afresh_at_each_attempt() -> None:
    bench = Bench(None)
    bench.publish({"Upstash-Timeout": "1s", "Upstash-Retries": "1"})
    bench.run()

    tokens = [seen.request.header("Upstash-Signature") or "" for seen in bench.consumer.seen]
    claims = [jwt.decode(token, options={"verify_signature": False}) for token in tokens]

    assert [claim["iat"] for claim in claims] == [1_790_000_000, 1_790_000_013]
    assert claims[0]["jti"] != claims[1]["jti"]

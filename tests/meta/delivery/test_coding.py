import gzip
import zlib

import pytest

from emulator.exchange import Reply
from emulator.meta.delivery.coding import MAX_BYTES, plain_body

RAW = zlib.compressobj(wbits=-zlib.MAX_WBITS)


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", gzip.compress(b"12345", mtime=0)),
        ("GZIP", gzip.compress(b"12345", mtime=0)),
        ("deflate", zlib.compress(b"12345")),
        ("deflate", RAW.compress(b"12345") + RAW.flush()),
        ("identity", b"12345"),
        ("br", b"12345"),
        ("gzip", b"12345"),
    ],
)
def test_plain_body__undoes_what_it_knows(coding: str, body: bytes) -> None:
    assert plain_body(Reply(200, (("Content-Encoding", coding),), body)) == b"12345"


def test_plain_body__without_a_coding() -> None:
    assert plain_body(Reply(200, (), b"12345")) == b"12345"


def test_plain_body__is_bounded() -> None:
    bomb = gzip.compress(bytes(3 * MAX_BYTES))
    assert len(plain_body(Reply(200, (("Content-Encoding", "gzip"),), bomb))) == MAX_BYTES

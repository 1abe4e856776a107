"""The body of a response as it was before it was compressed, as the platform offers it to be."""

import zlib

from emulator.exchange import Reply

# More than any answer that is read; a compressed body may stand for any length.
MAX_BYTES = 1_000_000
# zlib's own format and gzip's, whichever it is; then deflate without either, which some send.
_WINDOWS = (zlib.MAX_WBITS | 32, -zlib.MAX_WBITS)
_CODINGS = frozenset({"gzip", "x-gzip", "deflate"})  # RFC 9110, 8.4.1


def plain_body(reply: Reply) -> bytes:
    """The body without gzip or deflate, its first megabyte when it was compressed.

    As it came when it is not compressed, or in no way that is known, or damaged.
    """
    coding = (reply.header("content-encoding") or "").strip().lower()
    if coding in _CODINGS:
        for window in _WINDOWS:
            try:
                return zlib.decompressobj(window).decompress(reply.body, MAX_BYTES)
            except zlib.error:
                continue
    return reply.body

"""Load over HTTP for the benchmarks: a client that keeps connections busy, a server that answers
200, and the CPU time of other processes. Linux only.
"""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import httptools

ROOT = Path(__file__).parents[1]
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
PATIENCE_S = 300.0


def cpu_s(pid: int) -> float:
    """User and system time of a process (seconds), its ended children included."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def memory_mb(pid: int | str = "self") -> float:
    """Resident size of a process."""
    return (
        int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 2**20
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def server(command: Sequence[str], port: int) -> Iterator[int]:
    """A server on its own process, from when it listens; its process id."""
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as running:
        try:
            until = time.monotonic() + PATIENCE_S
            while True:
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                if running.poll() is not None or time.monotonic() > until:
                    raise SystemExit(f"{' '.join(command)} does not listen")
                time.sleep(0.05)
            yield running.pid
        finally:
            running.kill()


class _Asking(asyncio.Protocol):
    """One connection: the next request as soon as the one before is answered with 2xx."""

    def __init__(self, port: int, requests: Iterator[bytes], done: asyncio.Future[None]) -> None:
        self._port = port
        self._requests = requests
        self._done = done
        self._closes = False
        self._parser = httptools.HttpResponseParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        status = self._parser.get_status_code()
        if not 200 <= status < 300:
            self._fail(f"answered {status}")
            return
        loop = asyncio.get_running_loop()
        if self._parser.should_keep_alive():
            # Another one per message: the parser is not to be entered again from within.
            loop.call_soon(self._next)
            return
        self._closes = True
        again = partial(_Asking, self._port, self._requests, self._done)
        self._again = loop.create_task(loop.create_connection(again, "127.0.0.1", self._port))

    def connection_lost(self, exc: Exception | None) -> None:
        if not (self._closes or self._done.done()):
            self._fail("hung up")

    def _next(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._ask()

    def _ask(self) -> None:
        request = next(self._requests, None)
        if request is not None:
            self._transport.write(request)
        elif not self._done.done():
            self._done.set_result(None)
            self._transport.close()

    def _fail(self, why: str) -> None:
        if not self._done.done():
            self._done.set_exception(RuntimeError(f"the server {why}"))


def post(path: str, body: bytes, headers: dict[str, str] | None = None) -> bytes:
    """The bytes of a POST."""
    lines = [f"POST {path} HTTP/1.1", "host: 127.0.0.1", f"content-length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def ask(port: int, requests: Iterator[bytes], *, connections: int = 16) -> None:
    """Send these requests, so many at a time, and wait until all are answered with 2xx."""

    async def run() -> None:
        loop = asyncio.get_running_loop()
        done = [loop.create_future() for _ in range(connections)]
        for one in done:
            await loop.create_connection(partial(_Asking, port, requests, one), "127.0.0.1", port)
        await asyncio.gather(*done)

    asyncio.run(run())


class _Answering(asyncio.Protocol):
    """One client of the server that answers 200 to everything."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._parser = httptools.HttpRequestParser(self)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        self._transport.write(OK)


async def _answer(port: int) -> None:
    listening = await asyncio.get_running_loop().create_server(_Answering, "127.0.0.1", port)
    await listening.serve_forever()


if __name__ == "__main__":
    asyncio.run(_answer(int(sys.argv[1])))

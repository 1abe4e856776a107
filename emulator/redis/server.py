"""A redis-server of our own, in the place of the database in this process: for commands that only
the real one has. Its keys expire by the wall's clock.
"""

import shutil
import socket
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from emulator.errors import EmulatorBug, ScenarioError
from emulator.net import wall
from emulator.redis.command import Words, shown
from emulator.redis.resp import command_bytes, reply_end

PROGRAM = "redis-server"
# How long it may take to start, and to answer (real seconds); it takes milliseconds.
START_LIMIT_S = 10.0
ANSWER_LIMIT_S = 30.0
_LOOK_EVERY_S = 0.005
# It ends when our end of its standard input does, so also when this process is killed.
_ENDS_WITH_US = f'{PROGRAM} "$@" >/dev/null 2>&1 & read _; kill $!; wait'


class RedisServer:
    """Started on first use, in a folder of its own; `close` ends it."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._folder = ""
        self._lines: dict[str, socket.socket] = {}

    def begin(self) -> None:
        """Forget everything, and everybody: another world begins."""
        if self._process is None:
            self._start()
        self._hang_up()
        self.ask("", [b"FLUSHALL"])

    def ask(
        self, line: str, *commands: Words, protocol: int = 2, database: int = 0
    ) -> Sequence[bytes]:
        """The answers to commands of a connection, as they came; a new connection begins with the
        version of the protocol and the database that are given.
        """
        wire = self._lines.get(line)
        if wire is None:
            wire = self._lines[line] = self._connect()
            self._exchange(
                wire,
                [[b"HELLO", str(protocol).encode()], [b"SELECT", str(database).encode()]],
            )
        return self._exchange(wire, commands)

    def close(self) -> None:
        """End it; may be called again."""
        self._hang_up()
        process, self._process = self._process, None
        if process is not None:
            assert process.stdin is not None
            process.stdin.close()
            process.wait()
            shutil.rmtree(self._folder, ignore_errors=True)

    # -- inside

    def _start(self) -> None:
        if shutil.which(PROGRAM) is None:
            raise ScenarioError(f"{PROGRAM} is not installed; take server out of [store]")
        self._folder = tempfile.mkdtemp(prefix="thrice-redis-")
        options = ["--port", "0", "--unixsocket", self._path, "--save", "", "--dir", self._folder]
        self._process = subprocess.Popen(
            ["sh", "-c", _ENDS_WITH_US, "sh", *options],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        until = wall.monotonic() + START_LIMIT_S
        while not Path(self._path).exists():
            if wall.monotonic() > until:
                self.close()
                raise ScenarioError(f"{PROGRAM} did not start within {START_LIMIT_S:g} s")
            wall.pause(_LOOK_EVERY_S)

    @property
    def _path(self) -> str:
        return f"{self._folder}/socket"

    def _connect(self) -> socket.socket:
        wire = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        wire.settimeout(ANSWER_LIMIT_S)
        wire.connect(self._path)
        return wire

    def _hang_up(self) -> None:
        while self._lines:
            self._lines.popitem()[1].close()

    @staticmethod
    def _exchange(wire: socket.socket, commands: Sequence[Words]) -> list[bytes]:
        wire.sendall(b"".join(command_bytes(*words) for words in commands))
        data = bytearray()
        answers: list[bytes] = []
        while len(answers) < len(commands):
            end = reply_end(data)
            if end is not None:
                answers.append(bytes(data[:end]))
                del data[:end]
                continue
            try:
                more = wire.recv(65_536)
            except TimeoutError:
                more = b""
            if not more:
                what = shown(commands[len(answers)][0])
                raise EmulatorBug(f"{PROGRAM} did not answer {what}")
            data += more
        return answers

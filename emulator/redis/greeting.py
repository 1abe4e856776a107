"""What a connection says before it works: commands that touch no data, answered on the spot."""

from dataclasses import dataclass

from emulator.redis.command import Words, name_of
from emulator.redis.values import OK, Pairs, Refusal, Status, Value

VERSION = "7.0.0"

# Redis docs, "INFO": what clients look at before they begin.
_INFO = (
    f"# Server\r\nredis_version:{VERSION}\r\nredis_mode:standalone\r\n\r\n"
    "# Clients\r\nconnected_clients:1\r\n\r\n"
    "# Persistence\r\nloading:0\r\nasync_loading:0\r\n\r\n"
    "# Replication\r\nrole:master\r\nconnected_slaves:0\r\n"
)
_NO_PROTOCOL = "NOPROTO unsupported protocol version"


@dataclass(slots=True)
class Greeting:
    """What one client has agreed on: the version of the protocol, its name, its database."""

    number: int
    protocol: int = 2
    name: bytes = b""
    database: int = 0

    def answer(self, words: Words) -> Value:
        """The answer to a command of this kind; None for any other.

        Any user and password will do: who may reach the address may use it.
        """
        match name_of(words):
            case b"hello":
                return self._hello(words)
            case b"auth" | b"client setinfo" | b"client no-evict" | b"client no-touch":
                return OK
            case b"client setname":
                self.name = words[2] if len(words) > 2 else b""
                return OK
            case b"client getname":
                return self.name
            case b"client id":
                return self.number
            case b"ping" if len(words) == 1:
                return Status("PONG")
            case b"ping" | b"echo" if len(words) == 2:
                return words[1]
            case b"info":
                return _INFO.encode()
            case b"command" | b"command docs" | b"command info":
                return []
            case b"select":
                return self._select(words)
            case b"readonly" | b"readwrite":
                return OK
            case b"quit":
                return OK
            case _:
                return None

    def _hello(self, words: Words) -> Value:
        if len(words) > 1:
            if words[1] not in (b"2", b"3"):
                return Refusal(_NO_PROTOCOL)
            self.protocol = int(words[1])
        options = [word.lower() for word in words]
        if b"setname" in options[:-1]:
            self.name = words[options.index(b"setname") + 1]
        return Pairs(
            {
                b"server": b"redis",
                b"version": VERSION.encode(),
                b"proto": self.protocol,
                b"id": self.number,
                b"mode": b"standalone",
                b"role": b"master",
                b"modules": [],
            }
        )

    def _select(self, words: Words) -> Value:
        try:
            number = int(words[1])
        except (IndexError, ValueError):
            return Refusal("ERR value is not an integer or out of range")
        if not 0 <= number < 16:  # Redis's default configuration, "databases"
            return Refusal("ERR DB index is out of range")
        self.database = number
        return OK

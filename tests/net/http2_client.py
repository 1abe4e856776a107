"""A client of HTTP/2 that sends the frames it is told to, well-formed or not."""

import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass, field

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    InformationalResponseReceived,
    ResponseReceived,
    StreamEnded,
    StreamReset,
    TrailersReceived,
)
from h2.settings import SettingCodes, Settings

Headers = list[tuple[str, str]]


@dataclass(slots=True)
class Answer:
    """What came on one stream so far."""

    head: dict[str, str] = field(default_factory=dict)
    interim: list[str] = field(default_factory=list)
    body: bytes = b""
    trailers: dict[str, str] = field(default_factory=dict)
    ended: bool = False
    reset: int | None = None

    @property
    def over(self) -> bool:
        return self.ended or self.reset is not None


class Http2Client:
    """One connection. `window` is what it takes of each answer before it has read any."""

    def __init__(
        self, connection: socket.socket | ssl.SSLSocket, *, window: int | None = None
    ) -> None:
        self.socket = connection
        self.h2 = H2Connection(H2Configuration(client_side=True, header_encoding="utf-8"))
        self.answers: dict[int, Answer] = {}
        self.goaway: int | None = None
        self.acknowledges = True
        if window is not None:
            self.h2.local_settings = Settings(
                client=True, initial_values={SettingCodes.INITIAL_WINDOW_SIZE: window}
            )
        self.h2.initiate_connection()
        self.flush()

    def flush(self) -> None:
        self.socket.sendall(self.h2.data_to_send())

    def ask(
        self,
        method: str = "GET",
        path: str = "/",
        *,
        headers: Headers | None = None,
        body: bytes | None = None,
        ends: bool = True,
    ) -> int:
        """Send a request; returns the number of its stream."""
        stream = self.h2.get_next_available_stream_id()
        head = [
            (":method", method),
            (":scheme", "http"),
            (":authority", "127.0.0.1:1"),
            (":path", path),
        ]
        self.answers[stream] = Answer()
        self.h2.send_headers(stream, head + (headers or []), end_stream=ends and body is None)
        self.flush()
        if body is not None:
            self.say(stream, body, ends=ends)
        return stream

    def say(self, stream: int, data: bytes, *, ends: bool = False) -> None:
        """Send more of a request's body, as the server takes it."""
        while data:
            room = min(self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size)
            if room <= 0:
                self.read()
                continue
            self.h2.send_data(stream, data[:room])
            data = data[room:]
            self.flush()
        if ends:
            self.h2.end_stream(stream)
            self.flush()

    def read(self) -> list[Event]:
        """What the next bytes from the server say; raises EOFError when it has hung up."""
        data = self.socket.recv(65536)
        if not data:
            raise EOFError
        events = self.h2.receive_data(data)
        for event in events:
            self._take(event)
        self.flush()
        return events

    def read_out(self) -> None:
        """Read until the server hangs up."""
        with suppress(EOFError, ConnectionError):
            while True:
                self.read()

    def answer(self, stream: int) -> Answer:
        """Everything that comes on a stream."""
        while not self.answers[stream].over:
            self.read()
        return self.answers[stream]

    def _take(self, event: Event) -> None:
        answer = self.answers.get(getattr(event, "stream_id", None) or 0, Answer())
        if isinstance(event, ResponseReceived):
            answer.head = dict(event.headers)  # type: ignore[arg-type]  # decoded, as configured
        elif isinstance(event, InformationalResponseReceived):
            answer.interim.append(str(dict(event.headers)[":status"]))  # type: ignore[index]
        elif isinstance(event, DataReceived):
            answer.body += event.data
            if self.acknowledges and event.flow_controlled_length:
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, TrailersReceived):
            answer.trailers = dict(event.headers)  # type: ignore[arg-type]
        elif isinstance(event, StreamEnded):
            answer.ended = True
        elif isinstance(event, StreamReset):
            answer.reset = int(event.error_code or 0)
        elif isinstance(event, ConnectionTerminated):
            self.goaway = int(event.error_code or 0)

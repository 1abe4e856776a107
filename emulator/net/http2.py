"""One client's HTTP/2 connection: every stream is a request like those of HTTP/1.1, and is answered
whenever its answer is there. gRPC calls that stay open are cut into requests; see `grpc/talk.py`.
"""

from collections.abc import Callable
from itertools import count

from h2.config import H2Configuration
from h2.connection import ConnectionState, H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    RemoteSettingsChanged,
    RequestReceived,
    StreamEnded,
    StreamReset,
    WindowUpdated,
)
from h2.exceptions import H2Error, ProtocolError
from h2.settings import SettingCodes, Settings

from emulator.exchange import Failure, Headers, Reply, Request
from emulator.grpc.framing import framed, split
from emulator.grpc.replies import CONTENT_TYPE, as_grpc, grpc_error, grpc_reply
from emulator.grpc.status import Code, GrpcError
from emulator.grpc.talk import OPEN_METHODS, POLL, STREAM
from emulator.net.connection import MAX_BODY_BYTES, Arrival, Wire, origin_form
from emulator.net.http2_stream import Stream, head_of, trailers_of
from emulator.net.network import Network

MAX_STREAMS = 256
# What one client may have sent of requests that are not whole, on all of its streams together.
MAX_HALF_BYTES = 2 * MAX_BODY_BYTES
# Requests of one open call, and requests that a client took back before they were answered, beyond
# which it is hostile or broken.
MAX_TALK = 256
MAX_TAKEN_BACK = 10_000
STREAM_WINDOW = 1024 * 1024
CONNECTION_WINDOW = 16 * 1024 * 1024

_numbers = count()  # of connections, so that open calls are never mixed up


class Http2Connection:
    """The counterpart of `Connection`, which see. Failures end one stream and leave the others
    alone; those of a gRPC call end it as UNAVAILABLE, as clients report a connection that is lost.
    """

    # Frames of the connection itself may follow at any time.
    partial = True

    def __init__(
        self,
        wire: Wire,
        network: Network,
        *,
        address: Callable[[str, Headers], tuple[str, Headers]],
        on_arrival: Callable[[Arrival], None],
        on_gone: Callable[[Arrival], None],
    ) -> None:
        self._wire: Wire | None = wire
        self._network = network
        self._address = address
        self._on_arrival = on_arrival
        self._on_gone = on_gone
        self._number = next(_numbers)
        self._streams: dict[int, Stream] = {}
        self._half_bytes = 0
        self._taken_back = 0
        self._feeding = False
        # What a fake says goes out as it is, however odd.
        config = H2Configuration(
            client_side=False, header_encoding=None, validate_outbound_headers=False
        )
        self._h2 = H2Connection(config)
        self._h2.local_settings = Settings(
            client=False,
            initial_values={
                SettingCodes.MAX_CONCURRENT_STREAMS: MAX_STREAMS,
                SettingCodes.INITIAL_WINDOW_SIZE: STREAM_WINDOW,
                SettingCodes.MAX_HEADER_LIST_SIZE: H2Connection.DEFAULT_MAX_HEADER_LIST_SIZE,
            },
        )
        self._h2.initiate_connection()
        self._h2.increment_flow_control_window(CONNECTION_WINDOW)

    def feed(self, data: bytes) -> None:
        """Take what the client sent."""
        if self._wire is None:
            return
        self._feeding = True
        try:
            for event in self._h2.receive_data(data):
                self._handle(event)
        except H2Error:
            # The reason has been put among what is to be sent.
            self._hang_up()
        finally:
            self._feeding = False
            self._write()

    def lost(self) -> None:
        """The client hung up."""
        self._wire = None
        for stream in list(self._streams.values()):
            self._forget(stream)

    # -- what comes

    def _handle(self, event: Event) -> None:
        if isinstance(event, RequestReceived):
            self._begin(event.stream_id, event.headers)
            return
        if isinstance(event, RemoteSettingsChanged):
            self._pump_all()
            return
        if isinstance(event, ConnectionTerminated):
            if event.error_code == ErrorCodes.NO_ERROR and self._streams:
                # It wants nothing more, but what it asked for (RFC 9113, section 6.8).
                self._h2.state_machine.state = ConnectionState.SERVER_OPEN
            else:
                self._hang_up()
            return
        stream_id = getattr(event, "stream_id", None)
        if isinstance(event, WindowUpdated) and stream_id == 0:
            self._pump_all()
            return
        stream = self._streams.get(stream_id or 0)
        if isinstance(event, DataReceived):
            self._h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            if stream is not None:
                self._take(stream, event.data)
        elif stream is None:
            return
        elif isinstance(event, StreamEnded):
            self._complete(stream)
        elif isinstance(event, StreamReset):
            self._taken_back += 1
            self._forget(stream)
            if self._taken_back > MAX_TAKEN_BACK:
                self._h2.close_connection(ErrorCodes.ENHANCE_YOUR_CALM)
                self._hang_up()
        elif isinstance(event, WindowUpdated):
            self._pump(stream)

    def _begin(self, stream_id: int, fields: list[tuple[bytes, bytes]]) -> None:
        said = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in fields]
        pseudo = dict(pair for pair in said if pair[0].startswith(":"))
        headers = tuple(pair for pair in said if not pair[0].startswith(":"))
        if ":authority" in pseudo:
            headers = (
                ("host", pseudo[":authority"]),
                *(pair for pair in headers if pair[0] != "host"),
            )
        target = pseudo.get(":path", "")
        url, headers = self._address(target, headers)
        types = [value for name, value in headers if name == "content-type"]
        is_grpc = bool(types) and types[0].lower().startswith(CONTENT_TYPE)
        stream = self._streams[stream_id] = Stream(
            stream_id,
            pseudo.get(":method", ""),
            url,
            headers,
            is_grpc,
            is_grpc and origin_form(target) in OPEN_METHODS,
        )
        if stream.method == "CONNECT":
            self._reply(stream, Reply(405))
        elif ("expect", "100-continue") in headers:
            self._h2.send_headers(stream_id, [(b":status", b"100")])

    def _take(self, stream: Stream, data: bytes) -> None:
        stream.body += data
        self._half_bytes += len(data)
        if len(stream.body) > MAX_BODY_BYTES:
            self._reply(stream, Reply(413))
        elif self._half_bytes > MAX_HALF_BYTES:
            self._h2.close_connection(ErrorCodes.ENHANCE_YOUR_CALM)
            self._hang_up()
        elif stream.stays_open:
            self._listen(stream)

    def _listen(self, stream: Stream) -> None:
        """Make a request of each message of an open call."""
        try:
            messages, rest = split(bytes(stream.body))
        except GrpcError as error:
            self._reply(stream, grpc_error(error.code, error.message))
            return
        self._half_bytes -= len(stream.body) - len(rest)
        stream.body = bytearray(rest)
        for message in messages:
            if len(stream.waiting) > MAX_TALK:
                self._reply(stream, grpc_error(Code.RESOURCE_EXHAUSTED, "Too many messages."))
                return
            self._ask(stream, framed([message]), (STREAM, self._name_of(stream)))

    def _name_of(self, stream: Stream) -> str:
        return f"{self._number}.{stream.id}"

    def _complete(self, stream: Stream) -> None:
        stream.complete = True
        if not stream.stays_open:
            body = bytes(stream.body)
            self._let_go(stream)
            self._ask(stream, body)
        elif not stream.asks:
            self._reply(stream, grpc_reply())

    def _ask(self, stream: Stream, body: bytes, *more: tuple[str, str]) -> Arrival:
        request = Request(
            stream.method, stream.url, (*stream.headers, *more), body, http_version="2"
        )
        arrival = Arrival(request, self._network, lambda: self._answered(stream, arrival))
        stream.waiting.append(arrival)
        self._on_arrival(arrival)
        return arrival

    # -- what goes

    def _answered(self, stream: Stream, arrival: Arrival) -> None:
        outcome = arrival.outcome
        if outcome is None or arrival not in stream.waiting:
            return
        if isinstance(outcome, Failure) and outcome.kind == "timeout":
            return
        stream.waiting.remove(arrival)
        if stream.is_grpc:
            outcome = as_grpc(outcome, arrival.request)
        if isinstance(outcome, Failure):
            self._reset(stream, ErrorCodes.INTERNAL_ERROR)
        elif stream.stays_open:
            self._go_on(stream, arrival, outcome)
        else:
            self._reply(stream, outcome)
        self._write()

    def _go_on(self, stream: Stream, arrival: Arrival, reply: Reply) -> None:
        """Say what one request of an open call brought, and ask for news behind it."""
        if arrival is stream.poll:
            stream.poll = None
        if stream.complete and not stream.asks and not trailers_of(reply):
            reply = Reply(reply.status, (*reply.headers, ("grpc-status", "0")), reply.body)
        self._reply(stream, reply)
        if not stream.ends and stream.poll is None:
            waits = Request(
                stream.method,
                stream.url,
                (*stream.headers, (STREAM, self._name_of(stream)), (POLL, "1")),
                http_version="2",
            )
            poll = stream.poll = Arrival(waits, self._network, lambda: self._answered(stream, poll))
            stream.waiting.append(poll)
            self._on_arrival(poll)

    def _reply(self, stream: Stream, reply: Reply) -> None:
        if self._wire is None or stream.id not in self._streams or stream.ends:
            return
        bare = stream.method == "HEAD" or reply.status in (204, 304)
        stream.out += b"" if bare else reply.body
        stream.trailers = trailers_of(reply)
        stream.ends = not stream.stays_open or bool(stream.trailers) or not reply.ok
        try:
            if not stream.started:
                stream.started = True
                head = head_of(reply, sized=not stream.is_grpc)
                if stream.ends and not stream.out:
                    # In one: there is no body (gRPC, "gRPC over HTTP2": Trailers-Only).
                    self._h2.send_headers(stream.id, head + stream.trailers, end_stream=True)
                    self._finish(stream)
                    return
                self._h2.send_headers(stream.id, head)
            self._pump(stream)
        except ProtocolError:
            # The client has closed the stream in what is still to be read.
            self._forget(stream)

    def _pump(self, stream: Stream) -> None:
        """Send as much of an answer as the client takes."""
        if not stream.started:
            return
        while stream.out:
            room = min(
                self._h2.local_flow_control_window(stream.id),
                self._h2.max_outbound_frame_size,
                len(stream.out),
            )
            if room <= 0:
                return
            last = room == len(stream.out) and stream.ends and not stream.trailers
            self._h2.send_data(stream.id, bytes(stream.out[:room]), end_stream=last)
            del stream.out[:room]
            if last:
                self._finish(stream)
                return
        if stream.ends:
            if stream.trailers:
                self._h2.send_headers(stream.id, stream.trailers, end_stream=True)
            else:
                self._h2.end_stream(stream.id)
            self._finish(stream)

    def _pump_all(self) -> None:
        for stream in list(self._streams.values()):
            self._pump(stream)

    def _finish(self, stream: Stream) -> None:
        """The answer is out. A request that is not whole is not read any further."""
        if not stream.complete:
            self._h2.reset_stream(stream.id, ErrorCodes.NO_ERROR)
        self._forget(stream)

    def _reset(self, stream: Stream, code: ErrorCodes) -> None:
        if self._wire is not None and stream.id in self._streams:
            self._h2.reset_stream(stream.id, code)
            self._forget(stream)

    def _forget(self, stream: Stream) -> None:
        """Nobody waits for what was asked on this stream and is not answered."""
        self._streams.pop(stream.id, None)
        self._let_go(stream)
        waiting, stream.waiting = stream.waiting, []
        for arrival in waiting:
            if arrival.outcome is None:
                arrival.gone = True
                self._on_gone(arrival)

    def _let_go(self, stream: Stream) -> None:
        self._half_bytes -= len(stream.body)
        stream.body = bytearray()

    def _write(self) -> None:
        """One write for all that one read caused."""
        if not self._feeding and self._wire is not None:
            data = self._h2.data_to_send()
            if data:
                self._wire.write(data)

    def _hang_up(self) -> None:
        wire = self._wire
        if wire is not None:
            wire.write(self._h2.data_to_send())
            wire.close()
            self.lost()

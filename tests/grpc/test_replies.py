"""What a gRPC client is told of the plain answers of a fake."""

from collections.abc import Sequence

from emulator.exchange import Reply, Request
from emulator.grpc import as_grpc, encode_with, messages_of

HEADERS = (("content-type", "application/grpc"),)


def call(path: str) -> Request:
    return Request("POST", f"https://a.example{path}", HEADERS)


def upper(request: Request, reply: Reply) -> Sequence[bytes]:
    return [request.raw_path.encode(), reply.body.upper()]


def test_good_answer__is_encoded_by_its_service() -> None:
    encode_with("test.Upper", upper)
    reply = as_grpc(Reply(200, (), b"said"), call("/test.Upper/Say"))
    assert messages_of(reply.body) == [b"/test.Upper/Say", b"SAID"]
    assert reply.headers == (*HEADERS, ("grpc-status", "0"))


def test_answer_that_can_not_be_encoded__is_an_error() -> None:
    def broken(request: Request, reply: Reply) -> Sequence[bytes]:
        raise KeyError("name")

    encode_with("test.Broken", broken)
    reply = as_grpc(Reply(200, (), b"said"), call("/test.Broken/Say"))
    assert reply.header("grpc-status") == "13"
    assert reply.header("grpc-message") == "The answer can not be encoded: 'name'"


def test_answer_of_a_service_without_an_encoder__is_no_grpc() -> None:
    reply = as_grpc(Reply(200, (), b"said"), call("/test.Other/Say"))
    assert (reply.header("grpc-status"), reply.header("grpc-message")) == ("2", "HTTP status 200")

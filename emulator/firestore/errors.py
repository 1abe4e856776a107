"""The errors Firestore answers with, as exceptions: message, canonical status, both its codes."""

from typing import ClassVar

from emulator.errors import ThriceError


class FirestoreError(ThriceError):
    """Base of what a request can be refused with; the bot sees it, the harness never does.

    `http` is the status of the REST surface, `grpc` the number of the same status over gRPC
    (google.rpc.Code).
    """

    status: ClassVar[str] = "UNKNOWN"
    http: ClassVar[int] = 500
    grpc: ClassVar[int] = 2

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class InvalidArgumentError(FirestoreError):
    """The request makes no sense, whatever is stored."""

    status = "INVALID_ARGUMENT"
    http = 400
    grpc = 3


class NotFoundError(FirestoreError):
    """The document, or the address, is not there."""

    status = "NOT_FOUND"
    http = 404
    grpc = 5


class AlreadyExistsError(FirestoreError):
    """A create met a document. Shares its HTTP status with ABORTED; clients must read `status`."""

    status = "ALREADY_EXISTS"
    http = 409
    grpc = 6


class FailedPreconditionError(FirestoreError):
    """The document changed since the time that the write named."""

    status = "FAILED_PRECONDITION"
    http = 400
    grpc = 9


class UnauthenticatedError(FirestoreError):
    """No bearer token came along."""

    status = "UNAUTHENTICATED"
    http = 401
    grpc = 16


class UnimplementedError(FirestoreError):
    """The real service does this and the fake does not."""

    status = "UNIMPLEMENTED"
    http = 501
    grpc = 12


class ResourceExhaustedError(FirestoreError):
    """The quota is used up."""

    status = "RESOURCE_EXHAUSTED"
    http = 429
    grpc = 8


class AbortedError(FirestoreError):
    """The transaction or the write lost against another one, and may be tried again."""

    status = "ABORTED"
    http = 409
    grpc = 10

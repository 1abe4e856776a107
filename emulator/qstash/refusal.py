"""The error that a refused request ends in, before it becomes an HTTP response."""

from emulator.errors import ThriceError
from emulator.exchange import Headers


class Refused(ThriceError):
    """The request is answered with `status`, `headers` and the JSON body `{"error": str(self)}`."""

    def __init__(self, status: int, error: str, headers: Headers = ()) -> None:
        super().__init__(error)
        self.status = status
        self.headers = headers


class NotOffered(Refused):
    """The real service would do it and this fake does not; `subject` says what was asked for."""

    def __init__(self, status: int, subject: str) -> None:
        super().__init__(status, f"{subject} is not offered by this emulator")
        self.subject = subject

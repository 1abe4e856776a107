"""Calls as evidence: what remains of them when their world is gone."""

from dataclasses import dataclass
from typing import Self

from emulator.call import Access, Call
from emulator.delivery import Invocation
from emulator.exchange import Request


@dataclass(frozen=True, slots=True)
class RecordedInvocation:
    """The invocation that made a call, as it was when it was recorded."""

    name: str
    roots: tuple[str, ...]
    instance: str
    request: Request
    entry: int
    lingering: bool

    @classmethod
    def of(cls, invocation: Invocation) -> Self:
        return cls(
            invocation.name,
            invocation.roots,
            invocation.instance,
            invocation.request,
            invocation.entry,
            invocation.lingering,
        )


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """A call as it was when it was recorded; see `Call`."""

    name: str
    invocation: RecordedInvocation
    request: Request
    service: str
    access: Access
    entry: int
    background: bool

    @classmethod
    def of(cls, call: Call) -> Self:
        return cls(
            call.name,
            RecordedInvocation.of(call.invocation),
            call.request,
            call.service,
            call.access,
            call.entry,
            call.background,
        )

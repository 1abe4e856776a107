"""Findings about single calls: what a bot asked for that has no answer here."""

from collections.abc import Mapping

from emulator.call import Call
from emulator.kernel import Kernel


def note_finding(
    kernel: Kernel, call: Call | None, name: str, detail: Mapping[str, object]
) -> None:
    """Put something about a call on record, with its cause; without a call the harness asked."""
    if call is None:
        kernel.note("finding", name, detail=detail)
        return
    kernel.note(
        "finding",
        name,
        cause=call.entry,
        roots=call.roots,
        generation=call.invocation.generation,
        instance=call.invocation.instance,
        detail=detail,
    )


def note_unsupported(kernel: Kernel, call: Call | None, service: str, what: str) -> None:
    """Put on record that somebody asked for what the real service does and this one does not."""
    note_finding(kernel, call, "unsupported", {"service": service, "what": what})

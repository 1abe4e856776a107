"""The finding for a request that has an address in this world, and no answer."""

from collections.abc import Mapping

from emulator.call import Call
from emulator.kernel import Kernel


def note_unsupported(kernel: Kernel, call: Call | None, detail: Mapping[str, object]) -> None:
    """Put on record, with its cause if a bot asked, what is not served; see `detail["what"]`."""
    if call is None:
        kernel.note("finding", "unsupported", detail=detail)
        return
    kernel.note(
        "finding",
        "unsupported",
        cause=call.entry,
        roots=call.roots,
        generation=call.invocation.generation,
        instance=call.invocation.instance,
        detail=detail,
    )

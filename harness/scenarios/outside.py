"""What a bot did that its world does not have an answer for; no verdict may be built on that."""

from collections import Counter
from collections.abc import Iterable, Mapping

from emulator.journal import Entry


def problems_of(findings: Iterable[Entry]) -> Counter[str]:
    """Sentence -> how often; hosts that are not part of the world, and requests the fakes do not
    serve.
    """
    found: Counter[str] = Counter()
    for entry in findings:
        sentence = _sentence(entry.name, entry.detail)
        if sentence is not None:
            found[sentence] += 1
    return found


def _sentence(name: str, detail: Mapping[str, object]) -> str | None:
    match name:
        case "unknown-host":
            return f"{detail['host']} is not part of the world"
        case "unmediated":
            return f"{detail['host']} was reached for by another library than httpx"
        case "unknown-destination":
            return f"the queue was asked to deliver to {detail['url']}, where nothing listens"
        case "unsupported" | "unknown-route":
            what = detail.get("what") or detail.get("text") or detail.get("verb")
            return f"{detail.get('service')} does not serve this: {what}"
        case "stuck":
            return f"an invocation was {detail['what']}"
        case "process-ended":
            return f"a process of the bot ended by itself, with status {detail['status']}"
        case "too-many-calls":
            return f"one invocation made more than {detail['limit']} calls"
        case _:
            return None

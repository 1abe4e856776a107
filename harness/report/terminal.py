"""The certificate and a run's timeline as text for a terminal or a log."""

from collections.abc import Iterable, Sequence

from emulator.journal import Entry
from harness.certificate import Certificate
from harness.growth import Growth
from harness.report.style import Style
from harness.verdict import Verdict

_INDENT = "  "
# Rows of a timeline that are shown; the rest is in the trace.
MAX_ROWS = 80
# Lines of the bot's own output that are shown with a failure.
MAX_OUTPUT = 5


def render_certificate(certificate: Certificate, style: Style) -> str:
    """One line for each check, more for each failure, then what it all amounts to."""
    lines = [
        style.faint(
            f"thrice {certificate.version}, seed {certificate.seed}, "
            f"host {certificate.host}, simulated"
        ),
        "",
    ]
    width = max(len(verdict.check) for verdict in certificate.verdicts)
    for verdict in certificate.verdicts:
        lines += _verdict_lines(verdict, width, style)
    for problem in certificate.problems:
        lines.append(f"{_INDENT}{style.bad('problem')}  {problem}")
    lines.append("")
    if certificate.growth is not None:
        lines.append(_INDENT + growth_line(certificate.growth))
        lines.append("")
    if certificate.output and not certificate.certified:
        lines += [
            style.faint(f"{_INDENT}the bot printed: {line}")
            for line in certificate.output[-MAX_OUTPUT:]
        ]
        lines.append("")
    headline = f"{certificate.app}: {certificate.headline}"
    lines.append(style.good(headline) if certificate.certified else style.bad(headline))
    return "\n".join(lines)


def growth_line(growth: Growth) -> str:
    """Amplification, for people: per message, the worst message, and how it goes on."""
    if growth.cut:
        return (
            f"amplification: one user message caused {growth.worst_publishes} publishes and "
            f"{growth.worst_attempts} queue deliveries and self-posts by generation "
            f"{growth.depth}, where thrice cut it; R = {growth.r:.2f}"
            + (", so it never ends" if growth.r >= 1 else "")
        )
    return (
        f"amplification: {growth.publishes:.1f} publishes and {growth.attempts:.1f} queue "
        f"deliveries per user message; R = {growth.r:.2f}, depth {growth.depth}"
    )


def render_timeline(entries: Iterable[Entry], roots: Sequence[str], style: Style) -> str:
    """What happened for these user messages, step by step."""
    wanted = set(roots)
    rows = [
        entry for entry in entries if not wanted.isdisjoint(entry.roots) and entry.kind != "answer"
    ]
    lines = [
        f"{entry.time:12.3f}  {entry.instance or '-':4}  {entry.name:28}  {_what(entry)}".rstrip()
        for entry in rows[:MAX_ROWS]
    ]
    if len(rows) > MAX_ROWS:
        lines.append(style.faint(f"{_INDENT}and {len(rows) - MAX_ROWS} more rows"))
    return "\n".join([style.faint(f"{'time':>12}  {'inst':4}  {'name':28}  what"), *lines])


def _verdict_lines(verdict: Verdict, width: int, style: Style) -> list[str]:
    name = f"{verdict.check:{width}}"
    if verdict.result == "passed":
        return [f"{_INDENT}{name}  {style.good('passed')}  {verdict.observed}"]
    if verdict.result == "not applicable":
        return [f"{_INDENT}{name}  {style.faint('n/a')}     {style.faint('needs ' + verdict.why)}"]
    pad = _INDENT + " " * (width + 10)
    lines = [
        f"{_INDENT}{style.strong(name)}  {style.bad('FAILED')}  {verdict.observed}",
        f"{pad}expected {verdict.expected}",
        *(pad + line for line in verdict.evidence),
    ]
    if verdict.trace:
        lines.append(f"{pad}replay: thrice replay {verdict.trace}")
    return lines


def _what(entry: Entry) -> str:
    detail = entry.detail
    match entry.kind:
        case "message":
            return f'the user writes "{detail.get("text", "")}"'
        case "delivery":
            return f"{detail.get('kind')} delivery: {detail.get('method')} {detail.get('route')}"
        case "response":
            return f"answered {detail.get('status')}"
        case "call":
            return f"calls {detail.get('service')}: {detail.get('verb')}"
        case "late":
            return (
                f"LATE call to {detail.get('service')}: {detail.get('verb')}, {detail.get('why')}"
            )
        case "publish":
            return f"PUBLISH to {detail.get('route') or detail.get('url')}"
        case "duplicate":
            return "publish swallowed by the queue's deduplication"
        case "reply":
            return f'REPLY "{detail.get("text", "")}"'
        case "finding":
            extra = detail.get("cycle")
            route = " -> ".join(str(part) for part in extra) if isinstance(extra, list) else ""
            return f"FINDING {entry.name} {route}".rstrip()
        case _:
            return " ".join(
                [
                    entry.kind,
                    *(f"{key}={value}" for key, value in detail.items() if key != "traceback"),
                ]
            )

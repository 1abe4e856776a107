"""The certificate and a run's timeline as text for a terminal or a log."""

from collections.abc import Iterable, Sequence

from emulator.clock import DAY_S
from emulator.journal import Entry
from harness.certificate import Certificate
from harness.checks.observed import plural
from harness.growth import Growth
from harness.metrics import Metrics
from harness.report.style import Style
from harness.scenarios.probe import error_of
from harness.verdict import Exhibit, Verdict

_INDENT = "  "
# Rows of a timeline that are shown; the rest is in the trace.
MAX_ROWS = 80
# Lines of the bot's own output that are shown with a failure.
MAX_OUTPUT = 5


def render_certificate(certificate: Certificate, style: Style) -> str:
    """One line for each check, more for each failure, then what it all amounts to."""
    headline = f"{certificate.app}: {certificate.headline}"
    headline = style.good(headline) if certificate.certified else style.bad(headline)
    lines = [
        headline,
        style.faint(
            f"thrice {certificate.version}, seed {certificate.seed}, "
            f"host {certificate.host}, {certificate.driver}; {certificate.source.shown}"
        ),
        "",
    ]
    width = max(len(verdict.check) for verdict in certificate.verdicts)
    told: str | None = None
    for verdict in certificate.verdicts:
        if certificate.tells_platforms and verdict.platform != told:
            lines += [""] if told is not None else []
            told = verdict.platform
            lines.append(_INDENT + style.faint(f"on {told}" if told else "whatever the platform"))
        lines += _verdict_lines(verdict, width, style)
    for problem in certificate.problems:
        lines.append(f"{_INDENT}{style.bad('problem')}  {problem}")
    lines.append("")
    if certificate.growth is not None:
        lines.append(_INDENT + growth_line(certificate.growth))
    if certificate.metrics.runs:
        lines += [_INDENT + line for line in metrics_lines(certificate.metrics)]
    lines.append("")
    if certificate.output and not certificate.certified:
        lines += [*output_lines(certificate.output, style), ""]
    if certificate.notes:
        lines += [style.faint(_INDENT + note) for note in certificate.notes]
        lines.append("")
    lines.append(headline)
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


def metrics_lines(metrics: Metrics) -> list[str]:
    """What happened in all runs, in two lines for people."""
    figures = [
        plural(metrics.messages, "user message"),
        plural(metrics.duplicates, "duplicate webhook"),
        plural(metrics.late_calls, "late call"),
        plural(metrics.bot_timeouts + metrics.call_timeouts, "time-out"),
    ]
    lines = [
        f"{plural(metrics.runs, 'run')}, {metrics.virtual_s / DAY_S:,.1f} virtual days: "
        + ", ".join(figures)
    ]
    if metrics.publish_success is not None:
        took = metrics.publish_duration
        percentiles = (("p50", took.p50_s), ("p95", took.p95_s), ("p99", took.p99_s))
        lines.append(
            f"publish calls: {metrics.publish_success:.1%} of {metrics.publish_calls:,} accepted"
            + "".join(f", {name} {at * 1000:.0f} ms" for name, at in percentiles if at is not None)
        )
    return lines


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


def render_exhibit(exhibit: Exhibit) -> str:
    """A request that a failure is about, as far as it was kept."""
    kept = len(exhibit.body.encode("utf-8", "backslashreplace"))
    cut = "..." if exhibit.size_bytes > kept else ""
    about = [exhibit.altered, exhibit.error]
    lead = "; ".join([f"{exhibit.root}: {exhibit.what}", *filter(None, about)])
    return f"{lead}\n{exhibit.body}{cut}"


def output_lines(output: Sequence[str], style: Style) -> list[str]:
    """The last of what the bot itself printed, each line once."""
    last = list(dict.fromkeys(reversed(output)))[:MAX_OUTPUT]
    return [style.faint(f"{_INDENT}the bot printed: {line}") for line in reversed(last)]


def _verdict_lines(verdict: Verdict, width: int, style: Style) -> list[str]:
    name = f"{verdict.check:{width}}"
    pad = _INDENT + " " * (width + 10)
    remark = [pad + verdict.remark] if verdict.remark else []
    notes = [f"{pad}note: {note}" for note in verdict.notes]
    match verdict.standing:
        case "passed":
            first = f"{_INDENT}{name}  {style.good('passed')}  {verdict.observed}"
            return [first, *remark, *notes]
        case "not applicable":
            needs = style.faint("needs " + verdict.why)
            return [f"{_INDENT}{name}  {style.faint('n/a')}     {needs}", *remark]
        case "required":
            name = style.strong(name)
            return [f"{_INDENT}{name}  {style.bad('ABSENT')}  needs {verdict.why}", *remark]
        case "waived":
            name, word = style.strong(name), style.strong("waived")
        case "noted":
            word = style.strong("note  ")
        case "failed":
            name, word = style.strong(name), style.bad("FAILED")
    lines = [
        f"{_INDENT}{name}  {word}  {verdict.observed}",
        *remark,
        f"{pad}expected {verdict.expected}",
        *(pad + line for line in verdict.evidence),
        *notes,
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
        case "timeout":
            return f"gave up on {detail.get('service')} after {detail.get('after_s'):g} s"
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
        case "instance" if detail.get("event") == "exception":
            return f"RAISED {error_of(entry)}"
        case _:
            return " ".join(
                [
                    entry.kind,
                    *(f"{key}={value}" for key, value in detail.items()),
                ]
            )

"""The certificate as Markdown, for a pull request or a job's summary."""

import re

from harness.certificate import Certificate
from harness.report.terminal import growth_line, metrics_lines
from harness.verdict import Standing, Verdict

_WORDS: dict[Standing, str] = {
    "passed": "passed",
    "failed": "**FAILED**",
    "waived": "waived",
    "noted": "note",
    "not applicable": "not applicable",
    "required": "**required, not applicable**",
}

# What Markdown would take for markup or for the end of a cell.
_MARKUP = re.compile(r"[\\`*_\[\]<>|~&$]")
# GitHub looks for mentions and references in what is rendered, so no escape hides them; the # of
# an entity is none.
_REFERENCE = re.compile("@|(?<!&)#")
_ZERO_WIDTH = "&#8203;"


def render_markdown(certificate: Certificate) -> str:
    """A heading that says everything, a table of the checks, the evidence of what did not pass, and
    notes.

    Text that comes from the bot is escaped, or fenced.
    """
    source = certificate.source
    lines = [
        f"### {_code(certificate.app)}: {_plain(certificate.headline)}",
        "",
        "| check | result | observed |",
        "| --- | --- | --- |",
        *(_row(verdict) for verdict in certificate.verdicts),
        "",
    ]
    lines += [f"- **problem**: {_plain(problem)}" for problem in certificate.problems]
    lines += [""] if certificate.problems else []
    for verdict in certificate.verdicts:
        if verdict.standing in ("failed", "waived", "noted") or verdict.notes:
            lines += _section(verdict)
    if certificate.growth is not None:
        lines += [_plain(growth_line(certificate.growth)), ""]
    for line in metrics_lines(certificate.metrics):
        lines += [_plain(line), ""]
    for note in certificate.notes:
        lines += [_plain(note), ""]
    commit = "none" if source.commit is None else f"`{source.commit}`"
    lines.append(
        f"thrice {_plain(certificate.version)}, seed {certificate.seed}, "
        f"host {_plain(certificate.host)}, {_plain(certificate.driver)}; "
        f"commit {commit}{' with changes' if source.dirty else ''}, source `{source.digest}`, "
        f"profile `{certificate.profile_digest}`"
    )
    return "\n".join(lines) + "\n"


def _row(verdict: Verdict) -> str:
    absent = verdict.result == "not applicable"
    text = f"needs {verdict.why}" if absent else verdict.observed
    if verdict.remark and verdict.standing != "required":
        text += f"; {verdict.remark}"
    if verdict.notes and verdict.standing == "passed":
        text += "; with a note" if len(verdict.notes) == 1 else f"; with {len(verdict.notes)} notes"
    on = f" on {verdict.platform}" if verdict.platform else ""
    return f"| `{verdict.check}`{on} | {_WORDS[verdict.standing]} | {_plain(text)} |"


def _section(verdict: Verdict) -> list[str]:
    body = [
        f"expected {verdict.expected}",
        f"observed {verdict.observed}",
        *verdict.evidence,
        *(f"note: {note}" for note in verdict.notes),
        *([f"replay: thrice replay {verdict.trace}"] if verdict.trace else []),
    ]
    text = "\n".join(body)
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    on = f" on {verdict.platform}" if verdict.platform else ""
    summary = f"<code>{verdict.check}</code>{on} {verdict.standing}"
    return [
        f"<details><summary>{summary}</summary>",
        "",
        f"{fence}text",
        text,
        fence,
        "",
        "</details>",
        "",
    ]


def _code(text: str) -> str:
    """The text as a span of code, in which nothing is markup; a command may hold what can not be
    in one.
    """
    return f"`{text}`" if text.isprintable() and "`" not in text else _plain(text)


def _plain(text: str) -> str:
    """The text as it is, on one line."""
    escaped = _MARKUP.sub(lambda found: f"&#{ord(found[0])};", " ".join(text.split()))
    return _REFERENCE.sub(lambda found: found[0] + _ZERO_WIDTH, escaped)

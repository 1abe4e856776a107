"""The certificate as annotations of a GitHub workflow: lines that the runner reads from a log."""

from collections.abc import Sequence

from harness.certificate import Certificate
from harness.verdict import Verdict

# GitHub docs, "Workflow commands for GitHub Actions"; annotations of a level beyond the tenth of a
# step are not shown.
MAX_PER_LEVEL = 10


def render_github(certificate: Certificate) -> str:
    """One command a line. The first is the headline; failures are errors, what was waived is a
    warning, what was not applicable, or passed with a note, a notice.
    """
    headline = f"{certificate.app}: {certificate.headline}"
    title = f"thrice: {'certified' if certificate.certified else 'NOT certified'}"
    if not certificate.certified:
        level = "error"
    else:
        level = "warning" if certificate.of("waived") else "notice"
    levels: dict[str, list[str]] = {"error": [], "warning": [], "notice": []}
    levels["error"] += [
        _command("error", "thrice: problem", problem) for problem in certificate.problems
    ]
    for verdict in certificate.verdicts:
        match verdict.standing:
            case "failed":
                levels["error"].append(_verdict("error", "failed", verdict))
            case "required":
                text = f"required, but not applicable: needs {verdict.why}"
                levels["error"].append(_command("error", f"thrice: {verdict.title}", text))
            case "waived":
                levels["warning"].append(_verdict("warning", "waived", verdict))
            case "noted":
                levels["warning"].append(_verdict("warning", "note", verdict))
            case "not applicable":
                text = f"not applicable: needs {verdict.why}"
                levels["notice"].append(_command("notice", f"thrice: {verdict.title}", text))
            case "passed" if verdict.waiver is not None or verdict.notes:
                text = "\n".join([f"passed; {verdict.remark}".removesuffix("; "), *_notes(verdict)])
                levels["notice"].append(_command("notice", f"thrice: {verdict.title}", text))
    lines = [_command(level, title, headline)]
    for name, commands in levels.items():
        lines += _bounded(name, commands, MAX_PER_LEVEL - (name == level))
    return "\n".join(lines)


def _verdict(level: str, word: str, verdict: Verdict) -> str:
    lines = [
        verdict.observed,
        f"expected {verdict.expected}",
        *verdict.evidence,
        *_notes(verdict),
        verdict.remark,
        f"replay: thrice replay {verdict.trace}" if verdict.trace else "",
    ]
    return _command(level, f"thrice: {verdict.title} {word}", "\n".join(filter(None, lines)))


def _notes(verdict: Verdict) -> list[str]:
    return [f"note: {note}" for note in verdict.notes]


def _bounded(level: str, commands: Sequence[str], most: int) -> list[str]:
    if len(commands) <= most:
        return list(commands)
    more = f"and {len(commands) - most + 1} more, see the log"
    return [*commands[: most - 1], _command(level, "thrice", more)]


def _command(level: str, title: str, message: str) -> str:
    return f"::{level} title={_property(title)}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")

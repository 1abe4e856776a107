"""The certificate as JUnit XML, which CI systems show as test results: one test case per check."""

import re
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from harness.certificate import Certificate
from harness.verdict import Verdict

# XML 1.0, production 2: what no document may hold, not even escaped.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render_junit(certificate: Certificate) -> str:
    """A document whose first line begins with the headline.

    Without an XML declaration, whose default is UTF-8. Not applicable and waived are skipped cases
    with their reasons; required and not applicable is a failure; a problem of no single check is an
    error in a case of its own.
    """
    cases = [_case(certificate, verdict) for verdict in certificate.verdicts]
    cases += [
        _fault(certificate, f"problem-{number}", problem)
        for number, problem in enumerate(certificate.problems, start=1)
    ]
    if not certificate.certified and not certificate.fatal and not certificate.problems:
        # Only skipped cases: without this one a reader would see green.
        cases.append(_fault(certificate, "certificate", certificate.headline))
    found = {kind: sum(case.find(kind) is not None for case in cases) for kind in _KINDS}
    counts = {
        "tests": str(len(cases)),
        "failures": str(found["failure"]),
        "errors": str(found["error"]),
        "skipped": str(found["skipped"]),
        "time": f"{certificate.measured.get('wall_s', 0.0):.3f}",
    }
    headline = _clean(f"{certificate.app}: {certificate.headline}")
    root = Element("testsuites", {"name": headline, **counts})
    suite = SubElement(root, "testsuite", {"name": "thrice", **counts})
    properties = SubElement(suite, "properties")
    for name, value in _properties(certificate).items():
        SubElement(properties, "property", {"name": name, "value": _clean(value)})
    suite.extend(cases)
    indent(root)
    return tostring(root, encoding="unicode") + "\n"


_KINDS = ("failure", "error", "skipped")


def _properties(certificate: Certificate) -> dict[str, str]:
    source = certificate.source
    return {
        "headline": certificate.headline,
        "app": certificate.app,
        "commit": (source.commit or "none") + (" with changes" if source.dirty else ""),
        "source": source.digest,
        "profile": certificate.profile_digest,
        "thrice": certificate.version,
        "seed": str(certificate.seed),
        "driver": certificate.driver,
        "host": certificate.host,
        **({"platforms": ", ".join(certificate.platforms)} if certificate.tells_platforms else {}),
        **{f"note-{number}": note for number, note in enumerate(certificate.notes, start=1)},
    }


def _case(certificate: Certificate, verdict: Verdict) -> Element:
    case = Element("testcase", {"classname": _clean(certificate.app), "name": verdict.title})
    match verdict.standing:
        case "failed":
            message = verdict.observed
            if verdict.expired:
                message += f"; {verdict.remark}"
            failure = SubElement(case, "failure", {"type": "failed", "message": _clean(message)})
            failure.text = _clean(_details(verdict))
        case "required":
            message = f"required, but not applicable: needs {verdict.why}"
            SubElement(case, "failure", {"type": "required", "message": _clean(message)})
        case "not applicable":
            message = f"not applicable: needs {verdict.why}"
            SubElement(case, "skipped", {"message": _clean(message)})
        case "waived":
            SubElement(case, "skipped", {"message": _clean(verdict.remark)})
            SubElement(case, "system-out").text = _clean(_details(verdict))
        case "noted":
            SubElement(case, "system-out").text = _clean(f"note\n{_details(verdict)}")
        case "passed":
            lines = [verdict.observed, verdict.remark, *_notes(verdict)]
            SubElement(case, "system-out").text = _clean("\n".join(filter(None, lines)))
    return case


def _fault(certificate: Certificate, name: str, message: str) -> Element:
    case = Element("testcase", {"classname": _clean(certificate.app), "name": name})
    SubElement(case, "error", {"type": "problem", "message": _clean(message)})
    return case


def _details(verdict: Verdict) -> str:
    lines = [
        f"expected {verdict.expected}",
        f"observed {verdict.observed}",
        *verdict.evidence,
        *_notes(verdict),
        verdict.remark,
        f"replay: thrice replay {verdict.trace}" if verdict.trace else "",
    ]
    return "\n".join(filter(None, lines))


def _notes(verdict: Verdict) -> list[str]:
    return [f"note: {note}" for note in verdict.notes]


def _clean(text: str) -> str:
    """The text as XML can hold it: a forbidden character is shown as its escape in Python."""
    return _FORBIDDEN.sub(lambda found: found[0].encode("unicode_escape").decode(), text)

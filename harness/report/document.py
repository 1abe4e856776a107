"""The certificate as JSON, as `certificate.schema.json` beside this file describes it."""

import json

from harness.certificate import Certificate


def render_json(certificate: Certificate) -> str:
    """One object; its first line with a word in it is the headline."""
    return json.dumps(certificate.as_dict(), indent=2, ensure_ascii=False)

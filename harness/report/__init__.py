"""Renderings of a certificate."""

from harness.report.document import render_json
from harness.report.github import render_github
from harness.report.junit import render_junit
from harness.report.markdown import render_markdown
from harness.report.terminal import (
    output_lines,
    render_certificate,
    render_exhibit,
    render_timeline,
)

__all__ = [
    "output_lines",
    "render_certificate",
    "render_exhibit",
    "render_github",
    "render_json",
    "render_junit",
    "render_markdown",
    "render_timeline",
]

"""Renderings of a certificate."""

from harness.report.terminal import render_certificate, render_timeline

__all__ = ["render_certificate", "render_timeline"]

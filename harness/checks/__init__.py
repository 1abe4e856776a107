"""The catalogue of checks: stable public ids, what each needs of a profile, and how it judges."""

from harness.checks.catalogue import CATALOGUE, Check

__all__ = ["CATALOGUE", "Check"]

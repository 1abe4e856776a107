"""The incident that the project exists for: its arithmetic simulated, and its burn replayed."""

from harness.incident.model import Model, Tally
from harness.incident.plain import simulate
from harness.incident.rows import BURN, MESSAGES, ROWS, Line, Row, play_all
from harness.incident.workers import burn

__all__ = [
    "BURN",
    "MESSAGES",
    "ROWS",
    "Line",
    "Model",
    "Row",
    "Tally",
    "burn",
    "play_all",
    "simulate",
]

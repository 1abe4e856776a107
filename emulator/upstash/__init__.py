"""A fake Upstash Redis: its REST surface, its plans, and reads that are behind."""

from emulator.upstash.plan import PLANS, Meter, Plan
from emulator.upstash.service import ORIGIN, TOKEN, Upstash

__all__ = ["ORIGIN", "PLANS", "TOKEN", "Meter", "Plan", "Upstash"]

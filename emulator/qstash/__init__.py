"""A fake QStash that deduplicates, signs, delivers, retries and buries as the hosted one does."""

from emulator.qstash.plan import Plan, plan_of
from emulator.qstash.quota import Cost
from emulator.qstash.service import REGIONS, QStash
from emulator.qstash.signing import KeyPair, sign
from emulator.qstash.switches import Switches

__all__ = ["REGIONS", "Cost", "KeyPair", "Plan", "QStash", "Switches", "plan_of", "sign"]

"""A fake QStash that deduplicates, signs, delivers, retries and buries as the hosted one does."""

from emulator.qstash.plan import Plan
from emulator.qstash.service import QStash
from emulator.qstash.signing import KeyPair, sign

__all__ = ["KeyPair", "Plan", "QStash", "sign"]

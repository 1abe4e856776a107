"""A fake Cloud Tasks: named tasks, schedules, retries and rate limits as the hosted one's."""

from emulator.cloudtasks.rules import RateLimits, RetryConfig, Rules
from emulator.cloudtasks.service import ORIGIN, QUEUE, CloudTasks

__all__ = ["ORIGIN", "QUEUE", "CloudTasks", "RateLimits", "RetryConfig", "Rules"]

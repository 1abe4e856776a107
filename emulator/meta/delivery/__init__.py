"""Notifications on their way to the bot: subscription, signature, copies, attempts, outages."""

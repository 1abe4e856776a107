"""Scripted people, and what a bot made of what they did."""

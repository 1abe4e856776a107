"""Drives a fake world around a bot and judges what happened."""

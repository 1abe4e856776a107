"""Exploration: every order in which the world can answer a bot, chosen instead of hoped for."""

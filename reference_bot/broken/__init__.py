"""Bots with one known bug each, made from the reference bot by the smallest change."""

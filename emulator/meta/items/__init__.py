"""The shapes of everything that a notification can tell of."""

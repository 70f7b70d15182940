"""Checks of importance: what a map must pass before anyone believes it."""

"""Training that starts from weights learned elsewhere."""

"""Training with few labels: what methods share, and one method a file."""

"""Columns, markers and joints that a mapping file describes."""

"""Columns and markers that a mapping file describes."""

"""Containers of unknown origin, read so that no damage and no malice gets further."""

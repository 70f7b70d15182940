"""Published data sets of one file a recording, whose names say who does what."""

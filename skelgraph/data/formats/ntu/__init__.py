"""NTU RGB+D's text files."""

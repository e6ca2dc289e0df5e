"""Data sets: what they are, where they are found, how their files are read."""

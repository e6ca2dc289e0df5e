"""Data sets: what they are, where they are found, how their files are read."""

__all__ = ["captions", "images", "pairs", "speech", "splits", "tokens", "vocabulary"]

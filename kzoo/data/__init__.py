"""Data sets: their types, the folders where they are searched for, and the readers of their files."""

__all__ = ["captions", "images", "pairs", "speech", "splits", "tokens", "vocabulary"]

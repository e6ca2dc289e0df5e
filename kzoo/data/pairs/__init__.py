"""Sets of sequence pairs: published, written by kzoo, or the user's own."""

__all__ = ["cards", "load", "pair_set"]

"""Data sets of sequence pairs: published sets, a stand-in written by kzoo, or the user's own."""

__all__ = ["cards", "load", "pair_set"]

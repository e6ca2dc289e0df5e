"""Data sets of captioned images: published sets, a stand-in drawn by kzoo, or the user's own."""

__all__ = ["caption_set", "cards", "load"]

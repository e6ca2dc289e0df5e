"""Captioned images: published, drawn by kzoo, or the user's own."""

__all__ = ["caption_set", "cards", "load"]

"""Image data sets: published sets, stand-ins drawn by kzoo, or the user's own."""

__all__ = ["cards", "image_set", "load"]

"""Image sets: published, drawn, or the user's own."""

__all__ = ["cards", "image_set", "load"]

"""What is computed of data once, before a model is trained on it."""

__all__ = ["encoders", "regions", "speech"]

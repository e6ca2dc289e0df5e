"""Features that are computed from data once, before a model is trained on them."""

__all__ = ["encoders", "regions", "speech"]

"""Spoken texts: published, made by kzoo, or the user's own."""

__all__ = ["cards", "load", "speech_set"]

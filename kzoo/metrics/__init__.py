"""Metrics: pure functions of arrays."""

__all__ = ["bleu", "classification", "similarity", "table", "transcription"]

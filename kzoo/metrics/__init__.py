"""Metrics: pure functions of labels, token sequences and arrays."""

__all__ = ["bleu", "classification", "similarity", "table", "transcription"]

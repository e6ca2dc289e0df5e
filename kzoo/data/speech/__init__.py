"""Spoken texts: published, made by kzoo, or the user's own."""

"""Captioned images: published, drawn by kzoo, or the user's own."""

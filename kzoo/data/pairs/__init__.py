"""Sets of sequence pairs: published, written by kzoo, or the user's own."""

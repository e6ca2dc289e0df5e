"""Image sets: published, drawn, or the user's own."""

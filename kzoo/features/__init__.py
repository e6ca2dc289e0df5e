"""What is computed of data once, before a model is trained on it."""

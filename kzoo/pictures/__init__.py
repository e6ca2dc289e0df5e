"""Matplotlib pictures: curves, confusion matrices, attention maps, kernels, activations, spectrograms."""

__all__: list[str] = []

"""Pictures by matplotlib: curves, matrices, maps of attention, kernels and activations, spectrograms."""

__all__: list[str] = []

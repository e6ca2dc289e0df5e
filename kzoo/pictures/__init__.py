"""Pictures by matplotlib: curves, matrices, maps of attention, kernels and activations, spectrograms."""

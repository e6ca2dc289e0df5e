"""Benchmarks: kzoo, plain PyTorch and Keras do the same work alternately in one run."""

__all__ = ["reference"]

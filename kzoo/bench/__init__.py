"""Speed: kzoo and plain PyTorch on the same work, by turns in one run."""

__all__ = ["reference"]

"""The zoo once more in plain PyTorch, as a student of the course would write it.

What `kzoo bench` expects of a reference (`kzoo.bench.reference`) is gathered here.
"""

from .image_models import MODELS
from .training import evaluate, resident_loss, tensors, train

__all__ = ["MODELS", "evaluate", "resident_loss", "tensors", "train"]

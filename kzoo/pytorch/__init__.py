"""The zoo once more in plain PyTorch, as a student of the courses would write it: the twins of its models.

`image_models`, `text_models`, `caption_models` and `speech_models` hold the networks, `weights` maps their
weights to Keras's and back. `images`, `pairs`, `captions` and `speech` hold the loops of the courses for each
kind of data: they are what `kzoo bench` races against (`kzoo.bench.reference`). It needs the extra `torch`.
"""

__all__ = ["caption_models", "image_models", "speech_models", "text_models", "weights"]

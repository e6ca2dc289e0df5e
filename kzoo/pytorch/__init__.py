"""The twins of the zoo's models: the same networks in plain PyTorch, as a student of the courses writes them.

`image_models`, `text_models`, `caption_models` and `speech_models` hold the networks, `weights` maps their
weights to Keras's and back. `images`, `pairs`, `captions` and `speech` hold the courses' training loops for
each kind of data, which `kzoo bench` compares with the zoo (`kzoo.bench.reference`). The package needs the
extra `torch`.
"""

__all__ = ["caption_models", "image_models", "speech_models", "text_models", "weights"]

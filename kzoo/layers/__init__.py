"""Layers that Keras has not; importing this package lets `keras.saving.load_model` find them."""

from kzoo.layers.batch_normalization import BatchNormalization

__all__ = ["BatchNormalization"]

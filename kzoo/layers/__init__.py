"""Layers that Keras lacks. Importing this package registers them for `keras.saving.load_model`."""

from kzoo.layers.attention import ATTENTIONS, Attention, create_attention, register_attention
from kzoo.layers.attentional_output import AttentionalOutput
from kzoo.layers.attentive_rnn import AttentiveRNN
from kzoo.layers.bahdanau_attention import BahdanauAttention
from kzoo.layers.batch_normalization import BatchNormalization
from kzoo.layers.bias import Bias
from kzoo.layers.bilinear_attention import BilinearAttention
from kzoo.layers.ctc_log_probabilities import CtcLogProbabilities
from kzoo.layers.dot_product_attention import DotProductAttention
from kzoo.layers.feature_maps import EluFeatureMap, FeatureMap, MaclaurinFeatureMap
from kzoo.layers.linear_attention import LinearAttention, LinearState
from kzoo.layers.log_mel import LogMelSpectrogram
from kzoo.layers.max_pooling import MaxPooling2D
from kzoo.layers.multi_head_attention import MultiHeadAttention
from kzoo.layers.padding_mask import PaddingMask
from kzoo.layers.positions import LearnedPositions, Sinusoids

__all__ = [
    "ATTENTIONS",
    "Attention",
    "AttentionalOutput",
    "AttentiveRNN",
    "BahdanauAttention",
    "BatchNormalization",
    "Bias",
    "BilinearAttention",
    "CtcLogProbabilities",
    "DotProductAttention",
    "EluFeatureMap",
    "FeatureMap",
    "LearnedPositions",
    "LinearAttention",
    "LinearState",
    "LogMelSpectrogram",
    "MaclaurinFeatureMap",
    "MaxPooling2D",
    "MultiHeadAttention",
    "PaddingMask",
    "Sinusoids",
    "create_attention",
    "register_attention",
]

"""Bilinear attention, Luong's "general"."""

from __future__ import annotations

from kzoo.layers.attention import register_attention
from kzoo.layers.dot_product_attention import dot_product
from kzoo.layers.projected_attention import ProjectedAttention
from kzoo.types import Shape, Tensor


@register_attention("bilinear")
class BilinearAttention(ProjectedAttention):
    """Attention with a bilinear score (Luong et al., 2015, arXiv 1508.04025, eq. 8; R000, R002 3.1b).

        score(q, k) = (q^T W + b) . k

    `keras.layers.Attention`, called "Luong-style", is Luong's "dot" and has no W.

    Args:
        use_bias: whether to add b `(key_dim,)`, which starts at zero.
        kernel_initializer: the initialiser of W `(query_dim, key_dim)`.
        dropout, seed, call arguments: see `kzoo.layers.attention.Attention`.

    Cost: O(queries query_dim key_dim + queries keys key_dim) time, O(queries keys) memory.
    """

    def build(self, query_shape: Shape, value_shape: Shape, key_shape: Shape | None = None) -> None:
        """Create W and b."""
        super().build(query_shape, value_shape, key_shape)
        self.projection = self.add_projection("projection", query_shape[-1], (key_shape or value_shape)[-1])

    def score(self, query: Tensor, key: Tensor) -> Tensor:
        """Return (q^T W + b) . k for every query and key."""
        return dot_product(self.projection(query), key)

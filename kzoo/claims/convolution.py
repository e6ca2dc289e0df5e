"""Claims on convolution as a matrix, and on the parameters that weight sharing saves (R000 1.1, R002 1.1)."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, floor
from typing import Any

import numpy as np

from kzoo.claims.claim import Claim, Finding
from kzoo.claims.numerics import Array, call_layer, generators
from kzoo.claims.registry import register_claim

Size = tuple[int, int, int, int]

_BARE: dict[str, Any] = {"use_bias": False, "kernel_initializer": "zeros"}
"""The options of layers whose parameters are only counted."""

SIZES: tuple[Size, ...] = ((7, 5, 3, 2), (11, 13, 5, 3), (5, 7, 1, 4), (6, 6, 6, 6))
"""Image heights and widths H, W and kernel heights and widths M, N, for the matrix claims."""

COUNTED: tuple[Size, ...] = ((28, 28, 5, 5), (8, 13, 3, 2), (9, 7, 4, 3))
"""H, W, M, N for the parameter claims, with even and odd H' and W'. The first is shown as an example."""


def conv_matrix(kernel: Array, height: int, width: int) -> Array:
    """Return the matrix M of a convolution: vec(z) = M vec(x), where vec stacks columns.

        z_rc = sum_ab W_ab x_{r+a-1, c+b-1},    H' = H - M + 1,    W' = W - N + 1

    Convolution layers compute z with stride 1, no padding and the kernel not flipped.

    Args:
        kernel: W, `(M, N)`.
        height, width: H and W of the image x.

    Returns:
        `(H'W', HW)`, in the kernel's dtype. With NumPy, vec(x) is `x.ravel(order="F")`.

    Raises:
        ValueError: the kernel is not a matrix, or does not fit into the image.

    Source: R000 1.1, R002 1.1.
    """
    kernel = np.asarray(kernel)
    if kernel.ndim != 2 or not (1 <= kernel.shape[0] <= height and 1 <= kernel.shape[1] <= width):
        raise ValueError(
            f"conv_matrix expected a kernel (M, N) that fits into {height}x{width}; got {kernel.shape}"
        )
    rows, columns = kernel.shape
    out_height, out_width = output_shape(height, width, rows, columns)
    matrix = np.zeros((out_width, out_height, width, height), kernel.dtype)
    for c in range(out_width):
        for r in range(out_height):
            matrix[c, r, c : c + columns, r : r + rows] = kernel.T
    return matrix.reshape(out_height * out_width, height * width)


def output_shape(height: int, width: int, rows: int, columns: int) -> tuple[int, int]:
    """Return (H', W') = (H - M + 1, W - N + 1)."""
    return height - rows + 1, width - columns + 1


def kronecker_matrix(kernel: Array, height: int, width: int) -> Array:
    """Return M as a sum of Kronecker products of shifts, sum_ab W_ab S_b (x) S_a.

    S_k has ones on the k-th diagonal above the main diagonal and zeros elsewhere.
    """
    rows, columns = kernel.shape
    out_height, out_width = output_shape(height, width, rows, columns)
    return sum(
        kernel[a, b] * np.kron(np.eye(out_width, width, b), np.eye(out_height, height, a))
        for a in range(rows)
        for b in range(columns)
    )


def r000_element(i: int, j: int, height: int, out_height: int, rows: int) -> tuple[int, int]:
    """Return a and b, from 1, of the kernel element W_ab at row i and column j of M (R000 eq. 4).

    b = ceil(j/H) - ceil(i/H') + 1
    a = j - (b - 1) H - (i - 1) - (ceil(i/H') - 1) (M - 1)
    """
    b = ceil(j / height) - ceil(i / out_height) + 1
    a = j - (b - 1) * height - (i - 1) - (ceil(i / out_height) - 1) * (rows - 1)
    return a, b


def r002_element(i: int, j: int, height: int, out_height: int, rows: int) -> tuple[int, int]:
    """Return a and b of the kernel element at row i and column j of M by R002, without `rows` (eq. 18, 19).

    a = j - H floor((j-1)/H) - (i - 1) + H' floor((i-1)/H')
    b = ceil(j/H) - floor((i-1)/H')
    """
    a = j - height * floor((j - 1) / height) - (i - 1) + out_height * floor((i - 1) / out_height)
    return a, ceil(j / height) - floor((i - 1) / out_height)


def elementwise_matrix(
    kernel: Array, height: int, width: int, element: Callable[[int, int, int, int, int], tuple[int, int]]
) -> Array:
    """Return M with M_ij = W_ab by a formula for a and b, and 0 where they lie outside the kernel."""
    rows, columns = kernel.shape
    out_height, out_width = output_shape(height, width, rows, columns)
    matrix = np.zeros((out_height * out_width, height * width))
    for i, j in np.ndindex(matrix.shape):
        a, b = element(i + 1, j + 1, height, out_height, rows)
        if 1 <= a <= rows and 1 <= b <= columns:
            matrix[i, j] = kernel[a - 1, b - 1]
    return matrix


def convolve(kernel: Array, image: Array) -> Array:
    """Return the convolution z of an image, computed by Keras's layer."""
    from keras import initializers, layers

    layer = layers.Conv2D(
        1,
        kernel.shape,
        use_bias=False,
        kernel_initializer=initializers.Constant(kernel[..., None, None]),
        data_format="channels_last",
        dtype="float32",
    )
    layer.build((1, *image.shape, 1))
    return call_layer(layer, image[None, ..., None])[0, ..., 0]


@register_claim(Claim("conv-output-size", "R000 1.1, R002 1.1", "z is (H - M + 1) x (W - N + 1)"))
def check_output_size(stated: Callable[[int, int, int, int], tuple[int, int]] = output_shape) -> Finding:
    """Check (H', W') = (H - M + 1, W - N + 1) against the output shape of the convolution layer."""
    shapes = {size: convolve(np.ones(size[2:]), np.ones(size[:2])).shape for size in SIZES}
    height, width, rows, columns = size = SIZES[0]
    computed = f"{height}x{width}, {rows}x{columns} -> {'x'.join(map(str, shapes[size]))}"
    return Finding(all(stated(*size) == shape for size, shape in shapes.items()), computed)


@register_claim(Claim("conv-matrix", "R000 1.1, R002 1.1", "z' = M x', M is H'W' x HW, vec stacks columns"))
def check_matrix(stated: Callable[[Array, int, int], Array] = conv_matrix) -> Finding:
    """Check vec(z) = M vec(x): M built by blocks and as a sum of shifts, z computed by the layer.

    Kernels and images are integers, and the layer's result is rounded to integers, so all must be equal.
    """
    return _compare_matrix(stated)


@register_claim(
    Claim(
        "conv-matrix-elements",
        "R000 1.1",
        "M_ij = W_ab, b = ceil(j/H) - ceil(i/H') + 1, a = j - (b-1)H - (i-1) - (ceil(i/H')-1)(M-1) (eq. 4)",
    )
)
def check_elements(
    stated: Callable[[int, int, int, int, int], tuple[int, int]] = r000_element,
) -> Finding:
    """Check M_ij = W_ab with R000's a and b, and 0 where these lie outside W, as in `check_matrix`."""
    return _compare_matrix(lambda kernel, height, width: elementwise_matrix(kernel, height, width, stated))


@register_claim(
    Claim(
        "conv-matrix-elements-r002",
        "R002 1.1",
        "M_ij = W_ab if 1 <= a <= M and 1 <= b <= N, else 0, a = j - H floor((j-1)/H) - (i-1) + H' "
        "floor((i-1)/H'), b = ceil(j/H) - floor((i-1)/H') (eq. 17-19)",
    )
)
def check_r002_elements(
    stated: Callable[[int, int, int, int, int], tuple[int, int]] = r002_element,
) -> Finding:
    """Check M_ij = W_ab with R002's a and b, as in `check_matrix`."""
    return check_elements(stated)


def _compare_matrix(build: Callable[[Array, int, int], Array]) -> Finding:
    equal = []
    for rng in generators():
        for height, width, rows, columns in SIZES:
            kernel = rng.integers(-4, 5, (rows, columns)).astype(float)
            image = rng.integers(-4, 5, (height, width)).astype(float)
            matrix = build(kernel, height, width)
            z = np.rint(convolve(kernel, image)).ravel(order="F")
            equal.append(
                np.array_equal(matrix, kronecker_matrix(kernel, height, width))
                and np.array_equal(matrix @ image.ravel(order="F"), z)
            )
    computed = f"M and M x' as by shifts and by Conv2D in {sum(equal)} of {len(equal)} draws"
    return Finding(all(equal), computed)


def r000_shared_parameters(height: int, width: int, rows: int, columns: int) -> float:
    """Return the count that R000 states, MN + 3 H'W' / 2."""
    out_height, out_width = output_shape(height, width, rows, columns)
    return rows * columns + 3 * out_height * out_width / 2


def r002_shared_parameters(height: int, width: int, rows: int, columns: int) -> float:
    """Return the count that R002 states with weight sharing, MN + 3 floor(H'/2) floor(W'/2)."""
    return rows * columns + 3 * _pooled(height, width, rows, columns)


def r002_unshared_parameters(height: int, width: int, rows: int, columns: int) -> float:
    """Return the count that R002 states without weight sharing, (HW + 3) floor(H'/2) floor(W'/2)."""
    return (height * width + 3) * _pooled(height, width, rows, columns)


def _pooled(height: int, width: int, rows: int, columns: int) -> int:
    out_height, out_width = output_shape(height, width, rows, columns)
    return (out_height // 2) * (out_width // 2)


def count_shared(size: Size) -> int:
    """Count the parameters of a convolution, 2x2 pooling and three outputs, without biases, in Keras."""
    from keras import layers

    _, _, rows, columns = size
    convolution = layers.Conv2D(1, (rows, columns), data_format="channels_last", **_BARE)
    return _count(size, [convolution, layers.MaxPooling2D(2, data_format="channels_last")])


def count_unshared(size: Size) -> int:
    """Count the parameters with a dense layer of as many units in place of the convolution and pooling."""
    from keras import layers

    return _count(size, [layers.Flatten(), layers.Dense(_pooled(*size), **_BARE)])


def _count(size: Size, body: list[Any]) -> int:
    from keras import Input, Sequential, layers

    height, width, _, _ = size
    head = [layers.Flatten(), layers.Dense(3, **_BARE)]
    return Sequential([Input((height, width, 1)), *body, *head]).count_params()


Formula = Callable[[int, int, int, int], float]


@register_claim(
    Claim("shared-parameters-r000", "R000 1.1", "convolution, pooling, 3 outputs: MN + 3 H'W'/2", "erratum")
)
def check_r000_shared(stated: Formula = r000_shared_parameters) -> Finding:
    """Check R000's count: 2x2 pooling quarters the outputs, while R000 halves them."""
    right = _compare_count(r002_shared_parameters, count_shared).holds
    finding = _compare_count(stated, count_shared)
    return Finding(finding.holds, finding.computed, "MN + 3 floor(H'/2) floor(W'/2)" if right else "")


@register_claim(
    Claim(
        "shared-parameters-r002",
        "R002 1.1",
        "convolution, pooling, 3 outputs: MN + 3 floor(H'/2) floor(W'/2)",
    )
)
def check_r002_shared(stated: Formula = r002_shared_parameters) -> Finding:
    """Check MN + 3 floor(H'/2) floor(W'/2), without biases."""
    return _compare_count(stated, count_shared)


@register_claim(
    Claim("unshared-parameters", "R002 1.1", "fully connected instead: (HW + 3) floor(H'/2) floor(W'/2)")
)
def check_unshared(stated: Formula = r002_unshared_parameters) -> Finding:
    """Check HW floor(H'/2) floor(W'/2) for the dense layer plus 3 floor(H'/2) floor(W'/2) for the outputs."""
    return _compare_count(stated, count_unshared)


def _compare_count(stated: Formula, count: Callable[[Size], int]) -> Finding:
    counts = {size: count(size) for size in COUNTED}
    height, width, rows, columns = example = COUNTED[0]
    computed = f"{height}x{width}, {rows}x{columns}: {counts[example]:,}; stated {stated(*example):,.10g}"
    return Finding(all(stated(*size) == number for size, number in counts.items()), computed)

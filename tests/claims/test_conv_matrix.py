"""`conv_matrix` against the definition of convolution, element by element."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kzoo.claims import conv_matrix
from kzoo.claims.convolution import elementwise_matrix, kronecker_matrix, r000_element


def by_definition(kernel: np.ndarray, image: np.ndarray) -> np.ndarray:
    (rows, columns), (height, width) = kernel.shape, image.shape
    z = np.zeros((height - rows + 1, width - columns + 1))
    for r, c in np.ndindex(z.shape):
        for a, b in np.ndindex(kernel.shape):
            z[r, c] += kernel[a, b] * image[r + a, c + b]
    return z


@st.composite
def kernels_and_images(draw) -> tuple[np.ndarray, np.ndarray]:
    height, width = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    rows, columns = draw(st.integers(1, height)), draw(st.integers(1, width))
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    return rng.integers(-9, 10, (rows, columns)), rng.integers(-9, 10, (height, width))


@given(kernels_and_images())
def test_the_three_ways_and_the_definition_agree(drawn):
    kernel, image = drawn
    matrix = conv_matrix(kernel, *image.shape)
    z = by_definition(kernel, image)
    assert matrix.shape == (z.size, image.size)
    np.testing.assert_array_equal(matrix @ image.ravel(order="F"), z.ravel(order="F"))
    np.testing.assert_array_equal(matrix, kronecker_matrix(kernel, *image.shape))
    np.testing.assert_array_equal(matrix, elementwise_matrix(kernel, *image.shape, r000_element))


def test_a_matrix_on_paper():
    matrix = conv_matrix([[1, 2]], height=2, width=3)
    expected = [[1, 0, 2, 0, 0, 0], [0, 1, 0, 2, 0, 0], [0, 0, 1, 0, 2, 0], [0, 0, 0, 1, 0, 2]]
    np.testing.assert_array_equal(matrix, expected)


def test_the_dtype_is_the_kernel_s():
    assert conv_matrix(np.ones((2, 2), np.float32), 3, 3).dtype == np.float32


@pytest.mark.parametrize("shape", [(4, 2), (2, 6), (2, 2, 1), (0, 2)])
def test_a_kernel_that_does_not_fit_is_refused(shape):
    with pytest.raises(ValueError, match=r"fits into 3x5; got \(") as refused:
        conv_matrix(np.ones(shape), 3, 5)
    assert str(shape) in str(refused.value)

"""The grid of decoding methods."""

from __future__ import annotations

import pytest

from kzoo.decoding.grid import decoding_grid
from kzoo.decoding.options import Decoding
from kzoo.errors import UsageError


def beam(width: int, penalty: float) -> Decoding:
    return Decoding("beam", beam=width, length_penalty=penalty)


def test_beam_searches_are_all_combinations_and_a_width_of_1_is_greedy_decoding():
    searches = [beam(2, 0.0), beam(2, 0.6), beam(4, 0.0), beam(4, 0.6)]
    assert decoding_grid([1, 2, 4], [0.0, 0.6], {}) == [Decoding(), *searches]


def test_each_method_occurs_once():
    assert decoding_grid([2, 1, 2], [1.0, 0.0, 1.0], {}) == [beam(2, 1.0), beam(2, 0.0), Decoding()]


def test_sampling_is_all_combinations_of_the_given_options_with_defaults_for_the_others():
    assert decoding_grid([1], [0.0], {"temperature": [0.5, 2.0]}) == [
        Decoding(),
        Decoding("nucleus", temperature=0.5),
        Decoding("nucleus", temperature=2.0),
    ]
    both = decoding_grid([1], [0.0], {"top_p": [0.3, 0.9], "temperature": [0.5, 2.0]})
    assert [(found.top_p, found.temperature) for found in both[1:]] == [
        (0.3, 0.5),
        (0.3, 2.0),
        (0.9, 0.5),
        (0.9, 2.0),
    ]


@pytest.mark.parametrize(
    ("beams", "penalties", "sampling"),
    [([0], [0.0], {}), ([2], [float("nan")], {}), ([1], [0.0], {"top_p": [2.0]})],
)
def test_values_out_of_range_are_refused(beams, penalties, sampling):
    with pytest.raises(UsageError):
        decoding_grid(beams, penalties, sampling)

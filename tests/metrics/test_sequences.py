import pytest
from hypothesis import given
from hypothesis import strategies as st

from kzoo.metrics.sequences import numbered, require_one_for_each

tokens = st.integers(-3, 3) | st.text("ab", max_size=2) | st.tuples(st.integers(-2, 0))


@given(st.lists(st.lists(tokens, max_size=6), min_size=1, max_size=4))
def test_numbers_are_equal_where_tokens_are(sequences):
    numbers = numbered(*sequences)
    assert [len(row) for row in numbers] == [len(row) for row in sequences]
    flat = [pair for ids, row in zip(numbers, sequences, strict=True) for pair in zip(ids, row, strict=True)]
    for number, token in flat:
        assert all((number == other) == (token == another) for other, another in flat)


def test_require_one_for_each_names_both_numbers():
    require_one_for_each("ab", [1, 2])
    with pytest.raises(ValueError, match="got 3 for 2"):
        require_one_for_each("ab", [1, 2, 3])
    with pytest.raises(ValueError, match="at least one"):
        require_one_for_each("", [])

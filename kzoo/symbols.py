"""The ids of the special tokens, and the log-probability of what is impossible."""

from __future__ import annotations

PAD, SOS, EOS, UNK = range(4)
"""The ids of padding, start of sequence, end of sequence, and unknown tokens.

Padding follows the end of a sequence and never occurs within one.
"""

BLANK = PAD
"""The blank of connectionist temporal classification has the id of padding, so it is no other token's."""

IMPOSSIBLE = -1e30
"""The log-probability of an impossible token; finite, so that its sums and quotients are not NaN."""

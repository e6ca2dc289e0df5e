"""A text as a sequence of tokens, and back."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Literal

TokenKind = Literal["characters", "spaces"]
"""Each character is a token, or each run of characters between spaces."""

Tokens = tuple[str, ...]


def to_tokens(text: str, kind: TokenKind) -> Tokens:
    """The tokens of a text."""
    return tuple(text) if kind == "characters" else tuple(text.split())


def to_text(tokens: Tokens, kind: TokenKind) -> str:
    """The text of tokens, phones with a space between them."""
    return ("" if kind == "characters" else " ").join(tokens)


def normalise(text: str) -> str:
    """A sentence as R000 and R002 trained on it.

    Lower case, without accents, a space before each of `. ! ?`, one space for every other run of characters
    that are no letters, and no space at either end.
    """
    bare = text.lower()
    if not bare.isascii():
        decomposed = unicodedata.normalize("NFD", bare)
        bare = "".join(character for character in decomposed if not unicodedata.combining(character))
    return re.sub("[^a-z.!?]+", " ", re.sub("([.!?])", r" \1 ", bare)).strip()


def caption_words(tokens: Iterable[str]) -> Tokens:
    """The words of a caption: lower case, without the marks at their ends, and no mark that stands alone.

    "T-junctions, here ." is "t-junctions", "here".
    """
    bare = (re.sub(r"^[\W_]+|[\W_]+$", "", token.lower()) for token in tokens)
    return tuple(word for word in bare if word)

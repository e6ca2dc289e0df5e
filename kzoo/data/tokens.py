"""Conversion between texts and sequences of tokens."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Literal

TokenKind = Literal["characters", "spaces"]
"""The kind of token: single characters, or words separated by spaces."""

Tokens = tuple[str, ...]


def to_tokens(text: str, kind: TokenKind) -> Tokens:
    """Split a text into tokens."""
    return tuple(text) if kind == "characters" else tuple(text.split())


def to_text(tokens: Tokens, kind: TokenKind) -> str:
    """Join tokens into a text, with a space between them if `kind` is "spaces"."""
    return ("" if kind == "characters" else " ").join(tokens)


def normalise(text: str) -> str:
    """Normalise a sentence as R000 and R002 did for training.

    Letters become lower case without accents. Each of `. ! ?` gets a space before it. Every other run of
    characters that are not letters becomes one space. Spaces at both ends are removed.
    """
    bare = text.lower()
    if not bare.isascii():
        decomposed = unicodedata.normalize("NFD", bare)
        bare = "".join(character for character in decomposed if not unicodedata.combining(character))
    return re.sub("[^a-z.!?]+", " ", re.sub("([.!?])", r" \1 ", bare)).strip()


def caption_words(tokens: Iterable[str]) -> Tokens:
    """Return the words of a caption in lower case, without punctuation around or between them.

    "T-junctions, here ." becomes "t-junctions", "here".
    """
    bare = (re.sub(r"^[\W_]+|[\W_]+$", "", token.lower()) for token in tokens)
    return tuple(word for word in bare if word)

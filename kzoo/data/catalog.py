"""All published sets by name."""

from __future__ import annotations

from kzoo.data.captions.cards import CAPTION_SETS
from kzoo.data.card import SetCard
from kzoo.data.images.cards import IMAGE_SETS
from kzoo.data.pairs.cards import PAIR_SETS
from kzoo.data.speech.cards import SPEECH_SETS
from kzoo.errors import UsageError
from kzoo.names import suggestion

PUBLISHED_SETS: dict[str, SetCard] = {**IMAGE_SETS, **PAIR_SETS, **CAPTION_SETS, **SPEECH_SETS}


def find_card(name: str) -> SetCard:
    """Return the card of a published set. Raises UsageError with the nearest name for an unknown one."""
    if name not in PUBLISHED_SETS:
        raise UsageError(f"no published set is called {name!r}; {suggestion(name, PUBLISHED_SETS)}")
    return PUBLISHED_SETS[name]

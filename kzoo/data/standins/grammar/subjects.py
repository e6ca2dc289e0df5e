"""Who a sentence is about, and the sentences that are made of a subject and a verb."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kzoo.data.standins.grammar.english import BE, CONTRACTED_BE

Texts = Iterator[tuple[str, str]]
"""Spanish texts and their English translations."""


@dataclass(frozen=True)
class Subject:
    """A subject, with its person (0 I, 1 you, 2 he, 3 we, 4 they) in each language and its genders."""

    spanish: str
    english: str
    spanish_person: int
    english_person: int
    genders: str

    @property
    def is_plural(self) -> bool:
        """Whether adjectives agree with it in the plural."""
        return self.spanish_person > 2

    @property
    def be(self) -> str:
        """I'm, you're, Tom's."""
        return self.english + CONTRACTED_BE[self.english_person]

    @property
    def be_not(self) -> str:
        """I'm not, you aren't, Tom isn't."""
        person = self.english_person
        return "I'm not" if person == 0 else f"{self.english} {BE[person]}n't"

    def sentences(self, predicate: str, statement: str, denial: str, question: str) -> Texts:
        """What is stated, denied and asked with a Spanish predicate, and the English of each.

        A question leaves "yo" and "tú" unspoken.
        """
        start = f"{self.spanish} ".lstrip()
        yield f"{start}{predicate}.", f"{statement}."
        yield f"{start}no {predicate}.", f"{denial}."
        if self.spanish not in ("yo", "tú"):
            yield f"¿{predicate} {self.spanish}".rstrip() + "?", f"{question}?"


SPOKEN = (
    Subject("yo", "I", 0, 0, "mf"),
    Subject("tú", "you", 1, 1, "mf"),
    Subject("él", "he", 2, 2, "m"),
    Subject("ella", "she", 2, 2, "f"),
    Subject("usted", "you", 2, 1, "mf"),
    Subject("Tom", "Tom", 2, 2, "m"),
    Subject("Ana", "Ana", 2, 2, "f"),
    Subject("nosotros", "we", 3, 3, "m"),
    Subject("nosotras", "we", 3, 3, "f"),
    Subject("ellos", "they", 4, 4, "m"),
    Subject("ellas", "they", 4, 4, "f"),
    Subject("ustedes", "you", 4, 1, "mf"),
)
UNSPOKEN = (
    Subject("", "I", 0, 0, "mf"),
    Subject("", "you", 1, 1, "mf"),
    Subject("", "we", 3, 3, "mf"),
)
"""The subjects that the Spanish verb tells without a pronoun."""

SUBJECTS = (*UNSPOKEN, *SPOKEN)

NAMES = ("Ana", "Eva", "Juan", "Luis", "Pedro", "Sara", "Tom", "Rosa")

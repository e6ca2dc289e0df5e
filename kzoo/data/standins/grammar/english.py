"""English words in their forms."""

from __future__ import annotations

from dataclasses import dataclass

_UNITS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven"),
    *("twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_ORDINALS = {
    **{"one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth"},
    **{"nine": "ninth", "twelve": "twelfth"},
}
_PLURALS = {"man": "men", "woman": "women", "mouse": "mice", "fish": "fish", "sheep": "sheep"}
_DOUBLED = {"swim", "run", "win", "begin", "hot", "sad", "fat", "thin", "big"}
"""Words whose last consonant is doubled before -ing, -er and -est."""

BE = ("am", "are", "is", "are", "are")
CONTRACTED_BE = ("'m", "'re", "'s", "'re", "'re")
HAVE = ("have", "have", "has", "have", "have")
DO = ("do", "do", "does", "do", "do")


def cardinal(number: int) -> str:
    """0 to 999,999 in words, without "and"."""
    if number < 20:
        return _UNITS[number]
    if number < 100:
        return _TENS[number // 10] + (f"-{_UNITS[number % 10]}" if number % 10 else "")
    size, name = (1000, "thousand") if number >= 1000 else (100, "hundred")
    rest = f" {cardinal(number % size)}" if number % size else ""
    return f"{cardinal(number // size)} {name}{rest}"


def ordinal(number: int) -> str:
    """1st to 99th in words."""
    *tens, last = cardinal(number).split("-")
    last = _ORDINALS.get(last) or (f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th")
    return "-".join([*tens, last])


def plural(noun: str) -> str:
    """The plural of a noun."""
    if noun in _PLURALS:
        return _PLURALS[noun]
    return f"{noun}es" if noun.endswith(("potato", "tomato")) else with_s(noun)


def with_article(noun_phrase: str) -> str:
    """`a` or `an` before it."""
    return f"{'an' if noun_phrase[0] in 'aeiou' else 'a'} {noun_phrase}"


def comparative(adjective: str) -> str:
    """The comparative in -er of a short adjective."""
    if adjective.endswith("y"):
        return f"{adjective[:-1]}ier"
    doubled = adjective + adjective[-1] if adjective in _DOUBLED else adjective
    return f"{doubled.removesuffix('e')}er"


def with_s(word: str) -> str:
    """A word with the ending -s, -es or -ies."""
    if word.endswith(("s", "sh", "ch", "x", "z", "go")):
        return f"{word}es"
    if word.endswith("y") and word[-2] not in "aeiou":
        return f"{word[:-1]}ies"
    return f"{word}s"


@dataclass(frozen=True)
class EnglishVerb:
    """A verb and what cannot be derived of it."""

    base: str
    past: str
    participle: str

    def present(self, person: int) -> str:
        """The simple present of a person."""
        if person != 2:
            return self.base
        return "has" if self.base == "have" else with_s(self.base)

    @property
    def gerund(self) -> str:
        """The form in -ing."""
        if self.base.endswith("ie"):
            return f"{self.base[:-2]}ying"
        stem = self.base + self.base[-1] if self.base in _DOUBLED else self.base
        return f"{stem if stem.endswith('ee') else stem.removesuffix('e')}ing"


def regular_past(base: str) -> str:
    """The past in -ed."""
    if base.endswith("y") and base[-2] not in "aeiou":
        return f"{base[:-1]}ied"
    return f"{base.removesuffix('e')}ed"

"""Things named, described and owned, with their determiners, in Spanish and English."""

from __future__ import annotations

from collections.abc import Iterator

from kzoo.data.standins.grammar import english, spanish
from kzoo.data.standins.grammar.lexicon import ADJECTIVES, NOUNS, STATES, TRAITS, Noun
from kzoo.data.standins.grammar.spanish import SpanishVerb
from kzoo.data.standins.grammar.subjects import NAMES, Texts

Determiner = tuple[str, str, str, str, str, str]
"""Spanish before m, f, m plural and f plural, English before one and several."""

SER, ESTAR = SpanishVerb("ser"), SpanishVerb("estar")

DETERMINERS: tuple[Determiner, ...] = (
    *(("el", "la", "los", "las", "the", "the"), ("un", "una", "unos", "unas", "a", "some")),
    *(("este", "esta", "estos", "estas", "this", "these"), ("ese", "esa", "esos", "esas", "that", "those")),
    *(("mi", "mi", "mis", "mis", "my", "my"), ("tu", "tu", "tus", "tus", "your", "your")),
    *(("su", "su", "sus", "sus", "his", "his"), ("nuestro", "nuestra", "nuestros", "nuestras", "our", "our")),
)
THE, A = DETERMINERS[:2]


def noun_phrase(noun: Noun, determiner: Determiner, is_plural: bool) -> tuple[str, str]:
    """A determiner and its noun; "agua" takes "el" and "un" though it is feminine."""
    gender = "m" if noun.spanish == "agua" and determiner in (THE, A) else noun.gender
    article = determiner[2 * is_plural + (gender == "f")]
    if is_plural:
        return f"{article} {spanish.plural(noun.spanish)}", f"{determiner[5]} {english.plural(noun.english)}"
    translation = determiner[4]
    text = english.with_article(noun.english) if translation == "a" else f"{translation} {noun.english}"
    return f"{article} {noun.spanish}", text


def _noun_phrases() -> Iterator[tuple[Noun, Determiner, bool, str, str]]:
    for noun in NOUNS:
        for determiner in DETERMINERS:
            for is_plural in (False, True):
                if not (noun.is_mass and (is_plural or determiner == A)):
                    yield noun, determiner, is_plural, *noun_phrase(noun, determiner, is_plural)


def things() -> Texts:
    """The house, your houses."""
    for _, _, _, source, target in _noun_phrases():
        yield source, target


def described_things() -> Texts:
    for noun, determiner, is_plural, source, target in _noun_phrases():
        _, _, bare = target.partition(" ")
        for adjective in ADJECTIVES:
            if noun.kind in adjective.kinds:
                described = f"{adjective.english} {bare}"
                article = determiner[5 if is_plural else 4]
                yield (
                    f"{source} {spanish.agree(adjective.spanish, noun.gender, is_plural)}",
                    english.with_article(described) if article == "a" else f"{article} {described}",
                )


def owned_things() -> Texts:
    for noun in NOUNS:
        for name in NAMES:
            for is_plural in (False, True):
                if not (is_plural and noun.is_mass):
                    source, _ = noun_phrase(noun, THE, is_plural)
                    thing = english.plural(noun.english) if is_plural else noun.english
                    yield f"{source} de {name}", f"{name}'s {thing}"


def statements_about_things() -> Texts:
    for verb, adjectives in ((ESTAR, STATES), (SER, TRAITS)):
        for noun, determiner, is_plural, source, target in _noun_phrases():
            if determiner == A:
                continue
            form, be = verb.form("present", 4 if is_plural else 2), english.BE[4 if is_plural else 2]
            for adjective in adjectives:
                if noun.kind in adjective.kinds:
                    quality = spanish.agree(adjective.spanish, noun.gender, is_plural)
                    yield f"{source} {form} {quality}.", f"{target} {be} {adjective.english}."
                    yield f"{source} no {form} {quality}.", f"{target} {be}n't {adjective.english}."
                    yield f"¿{form} {quality} {source}?", f"{be} {target} {adjective.english}?"

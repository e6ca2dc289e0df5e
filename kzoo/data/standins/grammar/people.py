"""What people are, feel and like, in Spanish and English."""

from __future__ import annotations

from kzoo.data.standins.grammar import english, spanish
from kzoo.data.standins.grammar.lexicon import ADJECTIVES, NOUNS, STATES, TRAITS, VERBS
from kzoo.data.standins.grammar.spanish import SpanishVerb
from kzoo.data.standins.grammar.subjects import NAMES, SUBJECTS, Texts
from kzoo.data.standins.grammar.things import THE, noun_phrase

SER, ESTAR, TENER = SpanishVerb("ser"), SpanishVerb("estar"), SpanishVerb("tener")

_FEELINGS = (
    *(("hambre", "hungry"), ("sed", "thirsty"), ("sueño", "sleepy"), ("frío", "cold"), ("calor", "hot")),
    *(("miedo", "afraid"), ("prisa", "in a hurry"), ("razón", "right"), ("suerte", "lucky")),
)
_COMPARED_WITH = (
    *((name, name) for name in NAMES),
    ("yo", "me"),
    ("tú", "you"),
    ("él", "him"),
    ("ella", "her"),
)


def statements_about_people() -> Texts:
    """She is tall, with "ser"; she is tired, with "estar"."""
    for verb, adjectives in ((ESTAR, STATES), (SER, TRAITS)):
        for adjective in adjectives:
            for subject in SUBJECTS if "person" in adjective.kinds else ():
                form = verb.form("present", subject.spanish_person)
                be = english.BE[subject.english_person]
                for gender in subject.genders:
                    yield from subject.sentences(
                        f"{form} {spanish.agree(adjective.spanish, gender, subject.is_plural)}",
                        f"{subject.be} {adjective.english}",
                        f"{subject.be_not} {adjective.english}",
                        f"{be} {subject.english} {adjective.english}",
                    )


def feelings() -> Texts:
    """She is hungry, she is twenty: what Spanish says with "tener"."""
    for subject in SUBJECTS:
        have, be = TENER.form("present", subject.spanish_person), english.BE[subject.english_person]
        had = [(f"{spanish.counting(age, 'm')} años", english.cardinal(age)) for age in range(2, 100)]
        for thing, translation in (*_FEELINGS, *had):
            yield from subject.sentences(
                f"{have} {thing}",
                f"{subject.be} {translation}",
                f"{subject.be_not} {translation}",
                f"{be} {subject.english} {translation}",
            )


def comparisons() -> Texts:
    """Taller than Tom, as tall as Tom."""
    for adjective in ADJECTIVES:
        for gender in "mf" if "person" in adjective.kinds else "":
            for name, translation in _COMPARED_WITH:
                for is_plural in (False, True):
                    quality = spanish.agree(adjective.spanish, gender, is_plural)
                    comparative = english.comparative(adjective.english)
                    yield f"más {quality} que {name}", f"{comparative} than {translation}"
                    yield f"tan {quality} como {name}", f"as {adjective.english} as {translation}"


def likings() -> Texts:
    """I like cats, I like to swim: what Spanish says with "gustar"."""
    things = [
        (*noun_phrase(noun, THE, not noun.is_mass), "gusta" if noun.is_mass else "gustan") for noun in NOUNS
    ]
    activities = [(verb.spanish.infinitive, f"to {verb.english.base}", "gusta") for verb in VERBS]
    for pronoun, subject in (("me", "I"), ("te", "you"), ("nos", "we")):
        for source, target, form in (*things, *activities):
            liked = target.removeprefix("the ")
            yield f"{pronoun} {form} {source}.", f"{subject} like {liked}."
            yield f"no {pronoun} {form} {source}.", f"{subject} don't like {liked}."
            yield f"¿{pronoun} {form} {source}?", f"do {subject} like {liked}?"

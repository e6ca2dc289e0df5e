"""What people do: tenses, negations, questions, objects and commands, in Spanish and English."""

from __future__ import annotations

from collections.abc import Callable

from kzoo.data.standins.grammar import english, spanish
from kzoo.data.standins.grammar.english import EnglishVerb
from kzoo.data.standins.grammar.lexicon import NOUNS, TRANSITIVE_VERBS, VERBS, Noun, Verb
from kzoo.data.standins.grammar.spanish import SpanishVerb
from kzoo.data.standins.grammar.subjects import SPOKEN, SUBJECTS, Subject, Texts
from kzoo.data.standins.grammar.things import THE, A, noun_phrase

ESTAR, HABER, IR = SpanishVerb("estar"), SpanishVerb("haber"), SpanishVerb("ir")
QUERER, PODER = SpanishVerb("querer"), SpanishVerb("poder")

_SPANISH_TENSES: dict[str, Callable[[SpanishVerb, int], str]] = {
    "present": lambda verb, person: verb.form("present", person),
    "preterite": lambda verb, person: verb.form("preterite", person),
    "future": lambda verb, person: verb.form("future", person),
    "conditional": lambda verb, person: verb.form("conditional", person),
    "progressive": lambda verb, person: f"{ESTAR.form('present', person)} {verb.gerund}",
    "perfect": lambda verb, person: f"{HABER.form('present', person)} {verb.participle}",
    "intention": lambda verb, person: f"{IR.form('present', person)} a {verb.infinitive}",
    "wish": lambda verb, person: f"{QUERER.form('present', person)} {verb.infinitive}",
    "ability": lambda verb, person: f"{PODER.form('present', person)} {verb.infinitive}",
}
"""In the order in which they claim a form that two of them share: "hablamos" is the present."""

_ENGLISH_TENSES: dict[str, Callable[[EnglishVerb, int], tuple[str, str]]] = {
    "present": lambda verb, person: (english.DO[person], verb.base),
    "preterite": lambda verb, person: ("did", verb.base),
    "future": lambda verb, person: ("will", verb.base),
    "conditional": lambda verb, person: ("would", verb.base),
    "progressive": lambda verb, person: (english.BE[person], verb.gerund),
    "perfect": lambda verb, person: (english.HAVE[person], verb.participle),
    "intention": lambda verb, person: (english.BE[person], f"going to {verb.base}"),
    "wish": lambda verb, person: (english.DO[person], f"want to {verb.base}"),
    "ability": lambda verb, person: ("can", verb.base),
}
"""The auxiliary and what follows it in a negation or question."""

_SIMPLE = ("present", "preterite", "future")
_ADVERBS = (
    *(("mucho", "a lot"), ("poco", "little"), ("bien", "well"), ("mal", "badly"), ("hoy", "today")),
    *(("aquí", "here"), ("allí", "there"), ("así", "like this"), ("tarde", "late")),
    *(("otra vez", "again"), ("en casa", "at home")),
)
_OBJECT_PRONOUNS = (("me", "me"), ("te", "you"), ("nos", "us"), ("lo", "him"), ("la", "her"), ("los", "them"))
_OWN_PRONOUNS = {"I": ("me", "us"), "we": ("me", "us"), "you": ("you",)}
"""What is no object of a subject: that would be said with "myself" or "yourself"."""

_AFFECTING = (
    *(("ver", "see"), ("llamar", "call"), ("ayudar", "help"), ("amar", "love"), ("odiar", "hate")),
    *(("esperar", "expect"), ("conocer", "know"), ("entender", "understand"), ("besar", "kiss")),
)
_UNCOMMANDED = ("tener", "querer", "necesitar", "ver", "perder", "sufrir", "soñar", "entender")


def clauses() -> Texts:
    """Statements, negations and questions of every verb, subject and tense."""
    for tense in _SPANISH_TENSES:
        for verb in VERBS:
            # "Comería" without a subject may be I or he.
            for subject in SPOKEN if tense == "conditional" else SUBJECTS:
                yield from _clause(tense, verb, subject)


def habits() -> Texts:
    """I used to swim: the imperfect."""
    for verb in VERBS:
        for subject in SPOKEN:
            form = verb.spanish.form("imperfect", subject.spanish_person)
            yield f"{subject.spanish} {form}.", f"{subject.english} used to {verb.english.base}."


def clauses_with_adverbs() -> Texts:
    """I swim well."""
    for tense in _SIMPLE:
        for verb in VERBS:
            for subject in SUBJECTS:
                for adverb in _ADVERBS:
                    yield from _clause(tense, verb, subject, adverb)


def clauses_with_objects() -> Texts:
    """I eat an apple."""
    for tense in _SIMPLE:
        for verb in TRANSITIVE_VERBS:
            for noun in NOUNS if tense != "future" else NOUNS[::3]:
                for subject in SUBJECTS if noun.kind in verb.objects else ():
                    for thing in _objects(noun):
                        yield from _clause(tense, verb, subject, thing)


def clauses_with_pronouns() -> Texts:
    """I help you."""
    for infinitive, base in _AFFECTING:
        for subject in SUBJECTS:
            person, form = (
                subject.english_person,
                SpanishVerb(infinitive).form("present", subject.spanish_person),
            )
            for pronoun, translation in _OBJECT_PRONOUNS:
                if translation not in _OWN_PRONOUNS.get(subject.english, ()):
                    yield from subject.sentences(
                        f"{pronoun} {form}",
                        f"{subject.english} {english.with_s(base) if person == 2 else base} {translation}",
                        f"{subject.english} {english.DO[person]}n't {base} {translation}",
                        f"{english.DO[person]} {subject.english} {base} {translation}",
                    )


def questions() -> Texts:
    """Where do you live? What did she buy? Who sings?"""
    places = (("dónde", "where"), ("cuándo", "when"), ("por qué", "why"), ("cómo", "how"))
    askers = [subject for subject in SUBJECTS if subject.spanish not in ("yo", "tú")]
    for tense in _SIMPLE:
        for verbs, asked in ((VERBS, places), (TRANSITIVE_VERBS, (("qué", "what"),))):
            for verb in verbs:
                for subject in askers:
                    form = _SPANISH_TENSES[tense](verb.spanish, subject.spanish_person)
                    auxiliary, main = _ENGLISH_TENSES[tense](verb.english, subject.english_person)
                    for word, translation in asked:
                        source = f"¿{word} {form} {subject.spanish}".rstrip() + "?"
                        yield source, f"{translation} {auxiliary} {subject.english} {main}?"
    for verb in VERBS:
        yield f"¿Quién {verb.spanish.form('present', 2)}?", f"Who {verb.english.present(2)}?"
        yield f"¿Quién {verb.spanish.form('preterite', 2)}?", f"Who {verb.english.past}?"


def commands() -> Texts:
    """Swim! Don't swim! Buy a hat!"""
    for verb in (*VERBS, *TRANSITIVE_VERBS):
        if verb.spanish.infinitive not in _UNCOMMANDED:
            nouns = [noun for noun in NOUNS if noun.kind in verb.objects]
            objects = [thing for noun in nouns for thing in _objects(noun)]
            for thing, translation in objects or (("", ""), *_ADVERBS):
                for start, end in (("¡", "!"), ("", ".")):
                    yield (
                        f"¡{verb.spanish.command} {thing}".rstrip() + "!",
                        f"{verb.english.base} {translation}!",
                    )
                    prohibition = f"{start}No {verb.spanish.prohibition} {thing}".rstrip() + end
                    yield prohibition, f"Don't {verb.english.base} {translation}".rstrip() + end


def _clause(tense: str, verb: Verb, subject: Subject, rest: tuple[str, str] = ("", "")) -> Texts:
    """A verb in a tense, with an object or adverb in both languages."""
    words = _SPANISH_TENSES[tense](verb.spanish, subject.spanish_person)
    auxiliary, main = _ENGLISH_TENSES[tense](verb.english, subject.english_person)
    source, target = (f" {text}".rstrip() for text in rest)
    yield from subject.sentences(
        f"{words}{source}",
        f"{_affirm(tense, verb, subject)}{target}",
        f"{_deny(auxiliary, subject)} {main}{target}",
        f"{auxiliary} {subject.english} {main}{target}",
    )


def _affirm(tense: str, verb: Verb, subject: Subject) -> str:
    auxiliary, main = _ENGLISH_TENSES[tense](verb.english, subject.english_person)
    if tense == "present":
        return f"{subject.english} {verb.english.present(subject.english_person)}"
    if tense == "preterite":
        return f"{subject.english} {verb.english.past}"
    if tense == "wish":
        return (
            f"{subject.english} {'wants' if subject.english_person == 2 else 'want'} to {verb.english.base}"
        )
    if tense in ("progressive", "intention"):
        return f"{subject.be} {main}"
    return f"{subject.english} {auxiliary} {main}"


def _deny(auxiliary: str, subject: Subject) -> str:
    if auxiliary in english.BE:
        return subject.be_not
    contracted = {"will": "won't", "can": "can't"}.get(auxiliary, f"{auxiliary}n't")
    return f"{subject.english} {contracted}"


def _objects(noun: Noun) -> Texts:
    """Bread, the bread; an apple, apples, the apple."""
    if noun.is_mass:
        yield noun.spanish, noun.english
    else:
        yield noun_phrase(noun, A, False)
        yield spanish.plural(noun.spanish), english.plural(noun.english)
    yield noun_phrase(noun, THE, False)

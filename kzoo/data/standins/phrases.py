"""A stand-in for Tatoeba's sentences: Spanish phrases and English translations, written from a lexicon.

All words of the lexicon are regular in Spanish, so a few endings are enough to inflect them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from itertools import product

import numpy as np

from kzoo.data.origin import Origin
from kzoo.data.pairs.pair_set import PairSet, PairSplit
from kzoo.data.row_filter import DroppedRows
from kzoo.data.tokens import normalise
from kzoo.errors import UsageError

LONGEST = 19
"""The most characters in a phrase or its translation. The published pairs have fewer than 20."""

HELD_OUT = 1_000
"""The number of phrases in the validation split and in the test split, as in the published set."""

MOST_OF_A_PATTERN = 9_000
"""The most phrases drawn from one pattern, so that no pattern dominates."""

Texts = Iterator[tuple[str, str]]


def _entries(table: str) -> list[list[str]]:
    return [entry.split() for entry in table.replace("\n", ",").split(",") if entry.strip()]


# Noun entries: noun, gender, translation, irregular plural. Verb entries: verb, translation, English past.
NOUNS = _entries("""
gato m cat, perro m dog, caballo m horse, pájaro m bird, vaca f cow, oveja f sheep sheep, oso m bear
niño m boy, niña f girl, amigo m friend, abuela f grandmother, tío m uncle, tía f aunt, mono m monkey
libro m book, carta f letter, mapa m map, mesa f table, silla f chair, cama f bed, coche m car
barco m boat, puerta f door, ventana f window, caja f box boxes, bolsa f bag, camisa f shirt
zapato m shoe, falda f skirt, sombrero m hat, abrigo m coat, vestido m dress dresses, casa f house
calle f street, playa f beach beaches, isla f island, tienda f store, manzana f apple, huevo m egg
pera f pear, patata f potato potatoes, plato m plate, cuchara f spoon, pelota f ball, queso m cheese
""")
ADJECTIVES = _entries("""
blanco white, negro black, rojo red, amarillo yellow, pequeño small, bonito pretty, feo ugly, nuevo new
viejo old, barato cheap, caro expensive, limpio clean, sucio dirty, frío cold, bueno good, malo bad
grande big, verde green, largo long, corto short
""")
VERBS = _entries("""
hablar speak spoke, cantar sing sang, bailar dance danced, trabajar work worked, estudiar study studied
caminar walk walked, cocinar cook cooked, nadar swim swam, viajar travel traveled, llorar cry cried
gritar scream screamed, ganar win won, fumar smoke smoked, saltar jump jumped, escuchar listen listened
descansar rest rested, correr run ran, aprender learn learned, comer eat ate, beber drink drank
vivir live lived, escribir write wrote, sufrir suffer suffered, cenar dine dined, esperar wait waited
""")
TRANSITIVE_VERBS = _entries("""
comprar buy bought, vender sell sold, pintar paint painted, mirar watch watched, lavar wash washed
cortar cut cut, llevar carry carried, tomar take took, romper break broke, abrir open opened
limpiar clean cleaned, dibujar draw drew, necesitar need needed, usar use used, esconder hide hid
""")
ADVERBS = [("mucho", "a lot"), ("bien", "well"), ("mal", "badly"), ("hoy", "today"), ("aquí", "here")]
ADVERBS += [("allí", "there"), ("tarde", "late"), ("otra vez", "again"), ("en casa", "at home")]
ARTICLES = {"m": ("el", "los"), "f": ("la", "las")}
OWNERS = [("mi", "my"), ("tu", "your"), ("su", "his")]
SUBJECTS = [("yo", "I"), ("tú", "you"), ("él", "he"), ("ella", "she"), ("nosotros", "we"), ("ellos", "they")]
ENDINGS = {
    "present": {"a": "o as a a amos an", "e": "o es e e emos en", "i": "o es e e imos en"},
    "past": {"a": "é aste ó ó amos aron", "e": "í iste ió ió imos ieron", "i": "í iste ió ió imos ieron"},
    "future": {"a": "aré arás ará ará aremos arán", "e": "eré erás erá erá eremos erán"}
    | {"i": "iré irás irá irá iremos irán"},
}
"""The verb endings by tense and by the vowel of the infinitive, in the order of SUBJECTS."""
UNITS, TENS, ENGLISH_UNITS, ENGLISH_TENS = _entries("""
cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis \
diecisiete dieciocho diecinueve veinte veintiuno veintidós veintitrés veinticuatro veinticinco veintiséis \
veintisiete veintiocho veintinueve
treinta cuarenta cincuenta sesenta setenta ochenta noventa
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen \
seventeen eighteen nineteen
twenty thirty forty fifty sixty seventy eighty ninety
""")


def _number(n: int) -> tuple[str, str]:
    """Return a number from 0 to 99 in Spanish and English words."""
    spanish = UNITS[n] if n < 30 else TENS[n // 10 - 3] + (f" y {UNITS[n % 10]}" if n % 10 else "")
    if n < 20:
        return spanish, ENGLISH_UNITS[n]
    return spanish, ENGLISH_TENS[n // 10 - 2] + (f"-{ENGLISH_UNITS[n % 10]}" if n % 10 else "")


def _agree(adjective: str, gender: str, plural: bool) -> str:
    form = f"{adjective[:-1]}a" if gender == "f" and adjective.endswith("o") else adjective
    return f"{form}s" if plural else form


def _nouns() -> Iterator[tuple[str, str, str, bool]]:
    """Yield each noun in singular and plural, with its translation, its gender and whether it is plural."""
    for spanish, gender, english, *irregular in NOUNS:
        yield spanish, english, gender, False
        yield f"{spanish}s", (irregular or [f"{english}s"])[0], gender, True


def _the(spanish: str, english: str, gender: str, plural: bool) -> tuple[str, str]:
    return f"{ARTICLES[gender][plural]} {spanish}", f"the {english}"


def _a(spanish: str, english: str, gender: str, plural: bool) -> tuple[str, str]:
    if plural:
        return spanish, english
    article = "una" if gender == "f" else "un"
    return f"{article} {spanish}", f"{'an' if english[0] in 'aeiou' else 'a'} {english}"


def _third_person(base: str) -> str:
    if base.endswith(("sh", "ch", "ss")):
        return f"{base}es"
    return f"{base[:-1]}ies" if base.endswith(("ry", "dy")) else f"{base}s"


def _clause(verb: list[str], tense: str, person: int, rest: tuple[str, str] = ("", "")) -> Texts:
    """Yield a statement, its negation and its question, with an object or adverb after the verb."""
    (infinitive, base, past), (spanish, english) = verb, (f" {text}".rstrip() for text in rest)
    form = infinitive[:-2] + ENDINGS[tense][infinitive[-2]].split()[person]
    (named, you), is_third = SUBJECTS[person], person in (2, 3)
    auxiliary = {"present": "does" if is_third else "do", "past": "did", "future": "will"}[tense]
    stated = {"present": _third_person(base) if is_third else base, "past": past}.get(tense, f"will {base}")
    subject = f"{named} " if is_third else ""  # the other verb forms need no subject in Spanish
    yield f"{subject}{form}{spanish}.", f"{you} {stated}{english}."
    negation = {"will": "won't"}.get(auxiliary, f"{auxiliary}n't")
    yield f"{subject}no {form}{spanish}.", f"{you} {negation} {base}{english}."
    yield f"¿{form} {subject}".rstrip() + f"{spanish}?", f"{auxiliary} {you} {base}{english}?"


def numbers() -> Texts:
    """Yield numbers, and plurals with a number, such as "treinta y dos" and "tres gatos".

    Numbers ending in one are not combined with nouns, because they would have to agree in gender.
    """
    yield from map(_number, range(100))
    for n, (spanish, english, _, plural) in product(range(2, 100), _nouns()):
        if plural and n % 10 != 1:
            yield f"{_number(n)[0]} {spanish}", f"{_number(n)[1]} {english}"


def things() -> Texts:
    """Yield noun phrases such as "el gato", "un gato", "mi gato" and "los gatos negros"."""
    for noun in _nouns():
        spanish, english, gender, plural = noun
        yield _the(*noun)
        yield _a(*noun)
        for owner, translation in OWNERS:
            yield f"{owner}{'s' * plural} {spanish}", f"{translation} {english}"
        for adjective, translation in ADJECTIVES:
            thing, _ = _the(*noun)
            yield f"{thing} {_agree(adjective, gender, plural)}", f"the {translation} {english}"


def qualities() -> Texts:
    """Yield sentences such as "el gato es negro.", "¿es negro el gato?" and "mis gatos son negros."."""
    for noun, (adjective, translation) in product(_nouns(), ADJECTIVES):
        (spanish, english, gender, plural), (thing, _) = noun, _the(*noun)
        form, verb, be = _agree(adjective, gender, plural), ("es", "son")[plural], ("is", "are")[plural]
        yield f"{thing} {verb} {form}.", f"the {english} {be} {translation}."
        yield f"¿{verb} {form} {thing}?", f"{be} the {english} {translation}?"
        yield f"mi{'s' * plural} {spanish} {verb} {form}.", f"my {english} {be} {translation}."


def actions() -> Texts:
    """Yield sentences of a verb alone such as "nado.", "ella no cantó." and "¿comerán?"."""
    for verb, tense, person in product(VERBS + TRANSITIVE_VERBS, ENDINGS, range(6)):
        yield from _clause(verb, tense, person)


def manners() -> Texts:
    """Yield sentences with a verb and an adverb, such as "nadamos bien."."""
    for verb, tense, person, adverb in product(VERBS, ENDINGS, range(6), ADVERBS):
        yield from _clause(verb, tense, person, adverb)


def transactions() -> Texts:
    """Yield sentences with a verb and an object, such as "no lavé los platos."."""
    for verb, tense, person, noun in product(TRANSITIVE_VERBS, ENDINGS, range(6), _nouns()):
        yield from _clause(verb, tense, person, _the(*noun))
        yield from _clause(verb, tense, person, _a(*noun))


def commands() -> Texts:
    """Yield commands such as "¡nada!", "¡no nades!" and "¡no laves la camisa!"."""
    things = [_the(*noun) for noun in _nouns()]
    for verbs, rests in ((VERBS, ADVERBS), (TRANSITIVE_VERBS, things)):
        for (infinitive, base, _), (spanish, english) in product(verbs, [("", ""), *rests]):
            wish, refusal = ("a", "es") if infinitive.endswith("ar") else ("e", "as")
            yield f"¡{infinitive[:-2]}{wish} {spanish}".rstrip() + "!", f"{base} {english}".rstrip() + "!"
            refused = f"¡no {infinitive[:-2]}{refusal} {spanish}".rstrip() + "!"
            yield refused, f"don't {base} {english}".rstrip() + "!"


Pattern = Callable[[], Texts]
PATTERNS: tuple[Pattern, ...] = (numbers, things, qualities, actions, manners, transactions, commands)
"""The patterns. A Spanish phrase with two readings gets the translation of the first pattern that has it."""


def write_pair_set(seed: int, max_length: int = LONGEST) -> PairSet:
    """Write the stand-in with characters as tokens. All phrases that are not held out are training pairs.

    `seed` draws the phrases and their splits. No side is longer than `max_length` characters.

    Raises:
        UsageError: fewer than three phrases are that short.
    """
    pairs = [
        (tuple(source), tuple(target))
        for source, target in phrases(seed)
        if max(len(source), len(target)) <= max_length
    ]
    if len(pairs) < 3:
        raise UsageError(f"there are too few phrases of {max_length} characters; allow {LONGEST}")
    held_out = min(HELD_OUT, len(pairs) // 3)
    cuts = slice(2 * held_out, None), slice(held_out, 2 * held_out), slice(held_out)
    train, validation, test = (PairSplit.of(pairs[cut]) for cut in cuts)
    origin = Origin("phrases", f"written with seed {seed}", stand_in=True)
    dropped = DroppedRows({}, ())
    return PairSet(train, validation, test, ("characters", "characters"), dropped, origin=origin)


def phrases(seed: int) -> list[tuple[str, str]]:
    """Draw tens of thousands of different Spanish phrases and their translations, in random order.

    They are normalised like the published pairs, and no side has more than `LONGEST` characters.
    """
    rng = np.random.default_rng(seed)
    claimed: dict[str, str] = {}
    drawn: list[tuple[str, str]] = []
    for pattern in PATTERNS:
        fresh = [(source, target) for source, target in phrases_of(pattern).items() if source not in claimed]
        claimed.update(fresh)
        drawn += (fresh[row] for row in rng.permutation(len(fresh))[:MOST_OF_A_PATTERN])
    return [drawn[row] for row in rng.permutation(len(drawn))]


@cache
def phrases_of(pattern: Pattern) -> dict[str, str]:
    """Return the normalised phrases of a pattern that are short enough, each with its first translation."""
    fitting: dict[str, str] = {}
    for text, translation in pattern():
        if max(len(text), len(translation)) > LONGEST:
            continue  # normalising is slow and would not make these texts shorter
        source, target = normalise(text), normalise(translation)
        if max(len(source), len(target)) <= LONGEST:
            fitting.setdefault(source, target)
    return fitting

"""Numbers, things counted, dates and times in Spanish and English."""

from __future__ import annotations

from kzoo.data.standins.grammar import english, spanish
from kzoo.data.standins.grammar.lexicon import NOUNS
from kzoo.data.standins.grammar.subjects import Texts

_MONTHS = (
    *(("enero", "January"), ("febrero", "February"), ("marzo", "March"), ("abril", "April")),
    *(("mayo", "May"), ("junio", "June"), ("julio", "July"), ("agosto", "August")),
    *(("septiembre", "September"), ("octubre", "October"), ("noviembre", "November")),
    ("diciembre", "December"),
)


_DAYS = (
    *(("lunes", "Monday"), ("martes", "Tuesday"), ("miércoles", "Wednesday"), ("jueves", "Thursday")),
    *(("viernes", "Friday"), ("sábado", "Saturday"), ("domingo", "Sunday")),
)


_ORDINALS = (
    *("primero", "segundo", "tercero", "cuarto", "quinto", "sexto", "séptimo", "octavo", "noveno", "décimo"),
)


def numbers() -> Texts:
    """Cardinal numbers."""
    for number in (*range(2_000), *range(2_000, 1_000_000, 1_000)):
        yield spanish.cardinal(number), english.cardinal(number)


def counted_things() -> Texts:
    """Two houses; numbers agree in gender."""
    for noun in NOUNS:
        if not noun.is_mass:
            for number in (*range(2, 101), *range(200, 1_000, 100)):
                yield (
                    f"{spanish.counting(number, noun.gender)} {spanish.plural(noun.spanish)}",
                    f"{english.cardinal(number)} {english.plural(noun.english)}",
                )


def ordered_things() -> Texts:
    """The first house; "primero" and "tercero" lose their -o before a noun."""
    for noun in NOUNS:
        if not noun.is_mass:
            for number, ordinal in enumerate(_ORDINALS, 1):
                word = spanish.agree(ordinal, noun.gender, False)
                if word in ("primero", "tercero"):
                    word = word[:-1]
                article = "el" if noun.gender == "m" else "la"
                yield f"{article} {word} {noun.spanish}", f"the {english.ordinal(number)} {noun.english}"


def dates() -> Texts:
    """Days, months and the time of a day in a week."""
    for month, name in _MONTHS:
        for day in range(1, 32):
            if day <= _days_of(name):
                number = "primero" if day == 1 else spanish.cardinal(day)
                date = f"{name} {english.ordinal(day)}"
                yield f"el {number} de {month}", date
                yield f"Es el {number} de {month}.", f"It's {date}."
        for word, translation in (("en", "in"), ("desde", "since"), ("hasta", "until"), ("cada", "every")):
            yield f"{word} {month}", f"{translation} {name}"
    for day_name, name in _DAYS:
        for day in range(1, 32):
            yield f"{day_name} {spanish.cardinal(day)}", f"{name} the {english.ordinal(day)}"
        for hour in range(1, 13):
            yield f"el {day_name} {_at(hour)}", f"{name} at {english.cardinal(hour)}"
        yield from (
            (f"el {day_name}", f"on {name}"),
            (f"cada {day_name}", f"every {name}"),
            (f"este {day_name}", f"this {name}"),
            (f"hasta el {day_name}", f"until {name}"),
            (f"el {day_name} pasado", f"last {name}"),
            (f"el próximo {day_name}", f"next {name}"),
            (f"Hoy es {day_name}.", f"Today is {name}."),
            (f"¿Es {day_name}?", f"Is it {name}?"),
            (f"No es {day_name}.", f"It isn't {name}."),
        )


def _days_of(month: str) -> int:
    return {"February": 29, "April": 30, "June": 30, "September": 30, "November": 30}.get(month, 31)


def _hour(hour: int) -> str:
    return "la una" if hour == 1 else f"las {spanish.cardinal(hour)}"


def _at(hour: int) -> str:
    return f"a {_hour(hour)}"


def times() -> Texts:
    """The time by the clock."""
    past = {5: "cinco", 10: "diez", 15: "cuarto", 20: "veinte", 25: "veinticinco", 30: "media"}
    for hour in range(1, 13):
        name, verb = english.cardinal(hour), "Es" if hour == 1 else "Son"
        yield f"{verb} {_hour(hour)}.", f"It's {name} o'clock."
        yield f"¿{verb} {_hour(hour)}?", f"Is it {name} o'clock?"
        yield f"{_at(hour)} en punto", f"at {name} sharp"
        words = (("a", "at"), ("desde", "since"), ("hasta", "until"), ("para", "by"), ("antes de", "before"))
        for word, translation in (*words, ("después de", "after"), ("hacia", "around")):
            yield f"{word} {_hour(hour)}", f"{translation} {name}"
        for minutes, word in past.items():
            spoken = {15: "quarter", 30: "half"}.get(minutes, english.cardinal(minutes))
            yield f"{_at(hour)} y {word}", f"at {spoken} past {name}"
            yield f"{verb} {_hour(hour)} y {word}.", f"It's {spoken} past {name}."
            if minutes != 30:
                yield f"{_at(hour)} menos {word}", f"at {spoken} to {name}"
        for end in range(1, 13):
            if end != hour:
                later = "una" if end == 1 else spanish.cardinal(end)
                start = "una" if hour == 1 else spanish.cardinal(hour)
                yield f"de {start} a {later}", f"from {name} to {english.cardinal(end)}"

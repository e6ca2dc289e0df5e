"""Spanish words in their forms, in full orthography. Persons are 0 yo, 1 tú, 2 él, 3 nosotros, 4 ellos."""

from __future__ import annotations

from dataclasses import dataclass

_UNITS = (
    *("cero", "uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve", "diez", "once"),
    *("doce", "trece", "catorce", "quince", "dieciséis", "diecisiete", "dieciocho", "diecinueve", "veinte"),
    *("veintiuno", "veintidós", "veintitrés", "veinticuatro", "veinticinco", "veintiséis", "veintisiete"),
    *("veintiocho", "veintinueve"),
)
_TENS = (*("", "", "", "treinta", "cuarenta", "cincuenta", "sesenta", "setenta", "ochenta", "noventa"),)
_HUNDREDS = (
    *("", "ciento", "doscientos", "trescientos", "cuatrocientos", "quinientos", "seiscientos"),
    *("setecientos", "ochocientos", "novecientos"),
)
_BARE = str.maketrans("áéíóú", "aeiou")


def cardinal(number: int) -> str:
    """0 to 999,999 in words, as one counts."""
    if number < 30:
        return _UNITS[number]
    if number < 100:
        return _TENS[number // 10] + (f" y {_UNITS[number % 10]}" if number % 10 else "")
    if number == 100:
        return "cien"
    if number < 1000:
        return _HUNDREDS[number // 100] + (f" {cardinal(number % 100)}" if number % 100 else "")
    thousands = "" if number < 2000 else f"{counting(number // 1000, 'm')} "
    return f"{thousands}mil" + (f" {cardinal(number % 1000)}" if number % 1000 else "")


def counting(number: int, gender: str) -> str:
    """1 to 999 in words before a noun, with which "uno" and the hundreds agree."""
    words = cardinal(number)
    if gender == "f":
        words = words.replace("cientos", "cientas").replace("quinientos", "quinientas")
    if not words.endswith("uno"):
        return words
    if gender == "f":
        return f"{words[:-3]}una"
    return f"{words[:-3]}ún" if words.startswith("veinti") else f"{words[:-3]}un"


def plural(word: str) -> str:
    """The plural of a noun or adjective."""
    if word[-1] in "aeiouáéó":
        return f"{word}s"
    if word.endswith("z"):
        return f"{word[:-1]}ces"
    stem = word[:-2] + word[-2:].translate(_BARE) if word[-1] in "ns" else word
    return f"{'jóven' if stem == 'joven' else stem}es"


def agree(adjective: str, gender: str, is_plural: bool) -> str:
    """An adjective, given in the masculine singular, in the form that agrees with a noun."""
    form = f"{adjective[:-1]}a" if gender == "f" and adjective.endswith("o") else adjective
    return plural(form) if is_plural else form


_TENSES = {
    "present": ("o as a amos an", "o es e emos en", "o es e imos en"),
    "preterite": ("é aste ó amos aron", "í iste ió imos ieron", "í iste ió imos ieron"),
    "imperfect": ("aba abas aba ábamos aban", "ía ías ía íamos ían", "ía ías ía íamos ían"),
}
_FROM_INFINITIVE = {"future": "é ás á emos án", "conditional": "ía ías ía íamos ían"}

_DIPHTHONGS = {
    "ie": ("e", "empezar pensar entender mentir cerrar perder querer tener venir"),
    "ue": ("ou", "jugar soñar volar volver dormir probar encontrar poder"),
}
_FIRST_PERSONS = {
    **{"salir": "salgo", "venir": "vengo", "tener": "tengo", "conducir": "conduzco", "traer": "traigo"},
    **{"conocer": "conozco"},
}
_STRONG_PRETERITES = {
    **{"tener": "tuv", "venir": "vin", "conducir": "conduj", "traer": "traj", "querer": "quis"},
    **{"poder": "pud"},
}
_FUTURE_STEMS = {"tener": "tendr", "venir": "vendr", "salir": "saldr", "querer": "querr", "poder": "podr"}
_PARTICIPLES = {
    **{"volver": "vuelto", "escribir": "escrito", "abrir": "abierto", "romper": "roto", "ver": "visto"},
    **{"leer": "leído", "traer": "traído", "ir": "ido"},
}
_GERUNDS = {
    **{"dormir": "durmiendo", "mentir": "mintiendo", "venir": "viniendo", "poder": "pudiendo"},
    **{"ir": "yendo", "leer": "leyendo", "traer": "trayendo"},
}
_COMMANDS = {"tener": "ten", "venir": "ven", "salir": "sal", "ir": "ve"}
_IRREGULAR = {
    ("ser", "present"): "soy eres es somos son",
    ("ser", "preterite"): "fui fuiste fue fuimos fueron",
    ("ser", "imperfect"): "era eras era éramos eran",
    ("estar", "present"): "estoy estás está estamos están",
    ("haber", "present"): "he has ha hemos han",
    ("ir", "present"): "voy vas va vamos van",
    ("ir", "preterite"): "fui fuiste fue fuimos fueron",
    ("ir", "imperfect"): "iba ibas iba íbamos iban",
    ("ver", "present"): "veo ves ve vemos ven",
    ("ver", "preterite"): "vi viste vio vimos vieron",
    ("ver", "imperfect"): "veía veías veía veíamos veían",
    ("leer", "preterite"): "leí leíste leyó leímos leyeron",
    ("dormir", "preterite"): "dormí dormiste durmió dormimos durmieron",
    ("mentir", "preterite"): "mentí mentiste mintió mentimos mintieron",
}


@dataclass(frozen=True)
class SpanishVerb:
    """A verb by its infinitive."""

    infinitive: str

    def form(self, tense: str, person: int) -> str:
        """Its form in the present, preterite, imperfect, future or conditional."""
        if (self.infinitive, tense) in _IRREGULAR:
            return _IRREGULAR[self.infinitive, tense].split()[person]
        if tense in _FROM_INFINITIVE:
            stem = _FUTURE_STEMS.get(self.infinitive, self.infinitive)
            return stem + _FROM_INFINITIVE[tense].split()[person]
        if tense == "preterite" and self.infinitive in _STRONG_PRETERITES:
            stem = _STRONG_PRETERITES[self.infinitive]
            return stem + f"e iste o imos {'eron' if stem.endswith('j') else 'ieron'}".split()[person]
        ending = _TENSES[tense][("ar", "er", "ir").index(self.infinitive[-2:])].split()[person]
        if tense == "present":
            return self._present(person, ending)
        return _spell(self._stem, ending) + ending

    @property
    def gerund(self) -> str:
        """Comiendo."""
        ending = "ando" if self.infinitive.endswith("ar") else "iendo"
        return _GERUNDS.get(self.infinitive, self._stem + ending)

    @property
    def participle(self) -> str:
        """Comido."""
        ending = "ado" if self.infinitive.endswith("ar") else "ido"
        return _PARTICIPLES.get(self.infinitive, self._stem + ending)

    @property
    def command(self) -> str:
        """What one says to a friend: come."""
        return _COMMANDS.get(self.infinitive, self.form("present", 2))

    @property
    def prohibition(self) -> str:
        """What follows "no" when one forbids a friend: comas."""
        if self.infinitive == "ir":
            return "vayas"
        ending = "es" if self.infinitive.endswith("ar") else "as"
        return _spell(self.form("present", 0)[:-1], ending) + ending

    @property
    def _stem(self) -> str:
        return self.infinitive[:-2]

    def _present(self, person: int, ending: str) -> str:
        if person == 0 and self.infinitive in _FIRST_PERSONS:
            return _FIRST_PERSONS[self.infinitive]
        if person != 3:
            for diphthong, (vowels, verbs) in _DIPHTHONGS.items():
                if self.infinitive in verbs.split():
                    place = max(self._stem.rfind(vowel) for vowel in vowels)
                    return self._stem[:place] + diphthong + self._stem[place + 1 :] + ending
        return self._stem + ending


def _spell(stem: str, ending: str) -> str:
    """The stem as it is spelt before -e: llegué, busqué, recé."""
    if ending[0] not in "eé":
        return stem
    for sound, spelling in (("g", "gu"), ("c", "qu"), ("z", "c")):
        if stem.endswith(sound):
            return stem[:-1] + spelling
    return stem

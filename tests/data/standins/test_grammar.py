"""The grammar's words, checked against what a grammar book says."""

from __future__ import annotations

import pytest

from kzoo.data.standins.grammar import english, spanish
from kzoo.data.standins.grammar.english import EnglishVerb
from kzoo.data.standins.grammar.spanish import SpanishVerb


@pytest.mark.parametrize(
    ("number", "in_spanish", "in_english"),
    [
        (0, "cero", "zero"),
        (16, "dieciséis", "sixteen"),
        (31, "treinta y uno", "thirty-one"),
        (100, "cien", "one hundred"),
        (515, "quinientos quince", "five hundred fifteen"),
        (1_000, "mil", "one thousand"),
        (21_101, "veintiún mil ciento uno", "twenty-one thousand one hundred one"),
        (100_000, "cien mil", "one hundred thousand"),
    ],
)
def test_numbers(number, in_spanish, in_english):
    assert spanish.cardinal(number) == in_spanish
    assert english.cardinal(number) == in_english


def test_every_number_has_words_of_its_own():
    for cardinal in (spanish.cardinal, english.cardinal):
        assert len({cardinal(number) for number in range(10_000)}) == 10_000


def test_numbers_agree_with_their_nouns():
    assert [spanish.counting(n, "f") for n in (1, 21, 31, 200, 500)] == [
        "una",
        "veintiuna",
        "treinta y una",
        "doscientas",
        "quinientas",
    ]
    assert [spanish.counting(n, "m") for n in (1, 21, 31, 100, 101)] == [
        "un",
        "veintiún",
        "treinta y un",
        "cien",
        "ciento un",
    ]


def test_ordinals():
    ordinals = {1: "first", 2: "second", 3: "third", 8: "eighth", 12: "twelfth", 21: "twenty-first"}
    assert {n: english.ordinal(n) for n in (*ordinals, 30)} == {**ordinals, 30: "thirtieth"}


def test_spanish_plurals():
    plurals = {"casa": "casas", "ciudad": "ciudades", "lápiz": "lápices", "ratón": "ratones", "té": "tés"}
    plurals |= {"reloj": "relojes", "joven": "jóvenes", "árbol": "árboles", "rey": "reyes", "azul": "azules"}
    assert {word: spanish.plural(word) for word in plurals} == plurals


def test_english_plurals():
    plurals = {"cat": "cats", "watch": "watches", "city": "cities", "boy": "boys", "tomato": "tomatoes"}
    plurals |= {"mouse": "mice", "sheep": "sheep", "box": "boxes"}
    assert {word: english.plural(word) for word in plurals} == plurals


def test_adjectives_agree():
    assert [spanish.agree("rojo", gender, several) for gender in "mf" for several in (False, True)] == [
        *("rojo", "rojos", "roja", "rojas"),
    ]
    assert spanish.agree("azul", "f", True) == "azules"
    assert list(map(english.comparative, ("fat", "lazy", "nice", "tall"))) == [
        "fatter",
        "lazier",
        "nicer",
        "taller",
    ]


@pytest.mark.parametrize(
    ("infinitive", "tense", "forms"),
    [
        ("hablar", "present", "hablo hablas habla hablamos hablan"),
        ("comer", "preterite", "comí comiste comió comimos comieron"),
        ("vivir", "imperfect", "vivía vivías vivía vivíamos vivían"),
        ("volver", "present", "vuelvo vuelves vuelve volvemos vuelven"),
        ("jugar", "preterite", "jugué jugaste jugó jugamos jugaron"),
        ("empezar", "present", "empiezo empiezas empieza empezamos empiezan"),
        ("dormir", "preterite", "dormí dormiste durmió dormimos durmieron"),
        ("conducir", "preterite", "conduje condujiste condujo condujimos condujeron"),
        ("tener", "present", "tengo tienes tiene tenemos tienen"),
        ("tener", "future", "tendré tendrás tendrá tendremos tendrán"),
        ("venir", "conditional", "vendría vendrías vendría vendríamos vendrían"),
        ("ir", "imperfect", "iba ibas iba íbamos iban"),
    ],
)
def test_conjugation(infinitive, tense, forms):
    verb = SpanishVerb(infinitive)
    assert [verb.form(tense, person) for person in range(5)] == forms.split()


def test_gerunds_participles_and_commands():
    verbs = [
        SpanishVerb(infinitive) for infinitive in ("hablar", "leer", "dormir", "abrir", "salir", "llegar")
    ]
    gerunds = ["hablando", "leyendo", "durmiendo", "abriendo", "saliendo", "llegando"]
    assert [v.gerund for v in verbs] == gerunds
    assert [v.participle for v in verbs] == ["hablado", "leído", "dormido", "abierto", "salido", "llegado"]
    assert [v.command for v in verbs] == ["habla", "lee", "duerme", "abre", "sal", "llega"]
    assert [v.prohibition for v in verbs] == ["hables", "leas", "duermas", "abras", "salgas", "llegues"]


def test_english_verbs():
    verbs = [EnglishVerb(base, "", "") for base in ("swim", "dance", "lie", "see", "cry", "go", "have")]
    gerunds = ["swimming", "dancing", "lying", "seeing", "crying", "going", "having"]
    assert [v.gerund for v in verbs] == gerunds
    assert [v.present(2) for v in verbs] == ["swims", "dances", "lies", "sees", "cries", "goes", "has"]
    assert list(map(english.regular_past, ("dance", "cry", "play", "walk"))) == [
        "danced",
        "cried",
        "played",
        "walked",
    ]

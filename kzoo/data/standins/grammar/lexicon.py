"""The words of the phrase grammar, with what inflection cannot know: short ones, for a phrase is short."""

from __future__ import annotations

from dataclasses import dataclass

from kzoo.data.standins.grammar.english import EnglishVerb, regular_past
from kzoo.data.standins.grammar.spanish import SpanishVerb


@dataclass(frozen=True)
class Noun:
    """A noun in the singular; `kind` decides which adjectives and verbs go with it."""

    spanish: str
    gender: str
    english: str
    kind: str

    @property
    def is_mass(self) -> bool:
        """Whether it is not counted, as bread is not."""
        return self.kind in ("drink", "mass")


@dataclass(frozen=True)
class Adjective:
    """An adjective in the masculine singular, and the kinds of nouns that it goes with."""

    spanish: str
    english: str
    kinds: frozenset[str]


@dataclass(frozen=True)
class Verb:
    """A verb in both languages; `objects` are the kinds of nouns it takes, none where it stands alone."""

    spanish: SpanishVerb
    english: EnglishVerb
    objects: frozenset[str]


_NOUNS = """
animal: gato m cat, perro m dog, caballo m horse, vaca f cow, pájaro m bird, pez m fish, pato m duck
animal: oveja f sheep, ratón m mouse, oso m bear, mono m monkey, cerdo m pig
person: hombre m man, mujer f woman, niño m boy, niña f girl, hermano m brother, hermana f sister
person: amigo m friend, hijo m son, hija f daughter, tío m uncle, tía f aunt, rey m king, reina f queen
person: vecino m neighbor, abuelo m grandfather, abuela f grandmother
object: mesa f table, silla f chair, cama f bed, coche m car, tren m train, llave f key, reloj m watch
object: plato m plate, lápiz m pencil, flor f flower, árbol m tree, barco m boat
object: pelota f ball, cuchara f spoon
container: puerta f door, ventana f window, caja f box, bolsa f bag
paper: libro m book, carta f letter, mapa m map
clothes: camisa f shirt, zapato m shoe, falda f skirt, sombrero m hat, abrigo m coat, vestido m dress
place: casa f house, ciudad f city, calle f street, playa f beach, isla f island, tienda f store
place: hotel m hotel, pueblo m village, escuela f school, iglesia f church
food: manzana f apple, naranja f orange, huevo m egg, pera f pear, limón m lemon, tomate m tomato
food: patata f potato, pastel m cake, galleta f cookie
mass: pan m bread, queso m cheese, arroz m rice, carne f meat, sopa f soup, fruta f fruit
drink: agua f water, leche f milk, té m tea, café m coffee, vino m wine, cerveza f beer, zumo m juice
"""

_ADJECTIVES = """
animal object container clothes: blanco white, negro black, gris gray
object container clothes place: rojo red, amarillo yellow, verde green, azul blue
animal object container paper clothes place food: grande big, pequeño small, bonito pretty, feo ugly
object container paper clothes place: nuevo new, viejo old
object container paper clothes food mass drink: barato cheap, caro expensive
object container clothes place: limpio clean, sucio dirty
food mass drink: dulce sweet, frío cold, caliente hot, malo bad, bueno good
person: alto tall, bajo short, joven young, viejo old, rico rich, pobre poor, amable kind
person animal: fuerte strong, débil weak, rápido fast, lento slow, gordo fat, delgado thin
place: tranquilo quiet, famoso famous
"""

_STATES = """
person: cansado tired, enfermo sick, contento happy, triste sad, solo alone, listo ready, ocupado busy
person: borracho drunk, sentado sitting, despierto awake, perdido lost, enojado angry, muerto dead, vivo alive
animal: cansado tired, enfermo sick, muerto dead, vivo alive, contento happy
container: abierto open, cerrado closed, lleno full, vacío empty, roto broken
object: roto broken, limpio clean, sucio dirty
place: limpio clean, sucio dirty, lleno full, vacío empty
clothes: roto torn, limpio clean, sucio dirty, mojado wet, seco dry
mass drink food: frío cold, caliente hot
"""

# infinitive, English base, and past and participle where they are irregular
_VERBS = """
bailar dance, trabajar work, estudiar study, caminar walk, cocinar cook, descansar rest, nadar swim swam swum
viajar travel, llorar cry, gritar scream, ganar win won won, esperar wait, escuchar listen, fumar smoke
saltar jump, cantar sing sang sung, hablar speak spoke spoken, soñar dream, volar fly flew flown, jugar play
empezar begin began begun, pensar think thought thought, llegar arrive, rezar pray
aprender learn, correr run ran run, responder reply, entender understand understood understood, volver return
comer eat ate eaten, beber drink drank drunk
leer read read read, escribir write wrote written, pintar paint, dibujar draw drew drawn
vivir live, sufrir suffer, salir leave left left, dormir sleep slept slept, mentir lie lied lied
venir come came come, conducir drive drove driven, ir go went gone
"""
_TRANSITIVE_VERBS = """
food mass: comer eat ate eaten, cocinar cook, probar taste
drink: beber drink drank drunk
paper: leer read read read, escribir write wrote written
object container paper clothes food mass drink: comprar buy bought bought, vender sell sold sold
object container paper clothes food mass drink: tener have had had, querer want, necesitar need
object container paper clothes food mass drink: traer bring brought brought
object animal paper place container: ver see saw seen, pintar paint, dibujar draw drew drawn
clothes: llevar wear wore worn, lavar wash
container: abrir open, cerrar close
object paper container: perder lose lost lost, encontrar find found found
object container: romper break broke broken
"""


def _table(text: str) -> list[tuple[frozenset[str], list[str]]]:
    """The kinds and the words of each entry of lines such as `kind kind: a b, c d`."""
    entries = []
    for line in text.strip().splitlines():
        kinds, _, words = line.rpartition(":")
        entries += [(frozenset(kinds.split()), entry.split()) for entry in words.split(",")]
    return entries


def _verb(kinds: frozenset[str], infinitive: str, base: str, *irregular: str) -> Verb:
    past, participle = irregular or (regular_past(base), regular_past(base))
    return Verb(SpanishVerb(infinitive), EnglishVerb(base, past, participle), kinds)


def _adjective(kinds: frozenset[str], spanish: str, english: str) -> Adjective:
    return Adjective(spanish, english, kinds)


def _noun(kinds: frozenset[str], spanish: str, gender: str, english: str) -> Noun:
    (kind,) = kinds
    return Noun(spanish, gender, english, kind)


NOUNS = tuple(_noun(kinds, *words) for kinds, words in _table(_NOUNS))
ADJECTIVES = tuple(_adjective(kinds, *words) for kinds, words in _table(_ADJECTIVES))
STATES = tuple(_adjective(kinds, *words) for kinds, words in _table(_STATES))
"""How something is at the time, said with "estar"."""
TRAITS = tuple(trait for trait in ADJECTIVES if trait.spanish not in {state.spanish for state in STATES})
"""What something is, said with "ser"."""
VERBS = tuple(_verb(kinds, *words) for kinds, words in _table(_VERBS))
TRANSITIVE_VERBS = tuple(_verb(kinds, *words) for kinds, words in _table(_TRANSITIVE_VERBS))

"""A page of results: what is on it, that it is whole, and that no text of a user's is taken for markup."""

from __future__ import annotations

import dataclasses
import io
import itertools
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token
from PIL import Image

from kzoo.errors import DataError, UsageError
from kzoo.metrics.table import label_of
from kzoo.parameters import LayerCount
from kzoo.recipe import parse_setting
from kzoo.reporting.page import spelling
from kzoo.reporting.page.parts import (
    Cell,
    Grid,
    ModelSection,
    Page,
    Picture,
    ResultRow,
    ResultTable,
    RunSection,
    Surroundings,
)
from kzoo.reporting.page.shrink import LARGE, shrink
from kzoo.reporting.page.writer import to_html, to_markdown, write_page

STRANGE = '<b>"a|b"</b> & [c](d) *e*'
VOID = {"meta", "img", "input", "br", "hr", "link", "wbr"}


def png(width: int = 3, height: int = 2) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height)).save(buffer, "PNG")
    return buffer.getvalue()


def page(**changes: object) -> Page:
    """A page with one of everything, every text a strange one."""
    rows = (
        ResultRow(
            STRANGE,
            (Cell(0.25, (0.2, 0.3), 0.5, 0.01), Cell(1.5)),
            source="R001",
            anchor="run-one",
            changes=(("model.dropout", "0.5"),),
            runs=3,
            verdict="better",
            notes=("a note",),
        ),
        ResultRow(
            "two",
            (Cell(published=0.4), Cell()),
            stand_in=True,
            verdict="not comparable",
            notes=("a note",),
        ),
    )
    run = RunSection(
        label=STRANGE,
        anchor="run-one",
        stand_in=True,
        facts=(("data", STRANGE),),
        figures=Grid("All figures", ("figure", "measured"), (("test loss", ".1000"),), frozenset({1})),
        pictures=(Picture("run-one-confusion", "A caption.", f"{STRANGE}: a caption.", png()),),
        classes=None,
        samples=Grid(
            "Samples", ("source", "target", "prediction"), (("a", "b", "b"), (STRANGE, "b", STRANGE))
        ),
        command=f"kzoo train '{STRANGE}'",
        recipe="name: one\n",
    )
    layers = (LayerCount("conv1", "1 x 2 + 2", 4, 0),)
    model = ModelSection("mlp", "model-1", "dense", "R001 1.2", 4, 5, "an erratum", layers, (STRANGE,))
    around = (Surroundings("jax", (("backend", "jax"),), (STRANGE, "two")),)
    whole = Page(
        title=STRANGE,
        lead="2 runs",
        tables=(ResultTable("Table", ("training loss", "test accuracy"), rows, ("the rule",)),),
        curves=(Picture("curves-accuracy", "Curves.", "Curves.", png(), wide=True),),
        runs=(run,),
        models=(model,),
        data=around,
        environments=around,
        commands=("kzoo reproduce X",),
    )
    return dataclasses.replace(whole, **changes)


class Reader(HTMLParser):
    """Reads a page and asserts that every element is closed where it must be."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"{tag} has an attribute twice: {names}"
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open, f"{tag} was never opened"
        assert self.open.pop() == tag

    def handle_data(self, data):
        if data.strip():
            self.texts.append((self.open[-1] if self.open else "", data.strip()))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def texts_in(self, tag: str) -> list[str]:
        return [text for place, text in self.texts if place == tag]


def check_html(text: str) -> Reader:
    """What any page must be: well-formed, whole in itself, and clear to those who do not see it."""
    assert text.lstrip().startswith("<!DOCTYPE html>")
    read = Reader(text)
    assert read.elements[0] == ("html", {"lang": "en"})
    ids = [attributes["id"] for _, attributes in read.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {link["href"] for link in read.all("a")} <= {f"#{name}" for name in ids}
    assert all(picture["src"].startswith("data:image/png;base64,") for picture in read.all("img"))
    assert all(picture["alt"].strip() for picture in read.all("img"))
    assert not read.all("script") + read.all("link") + read.all("iframe")
    assert "url(" not in text
    assert "@import" not in text
    levels = [int(tag[1]) for tag, _ in read.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    widths = row_widths(read)
    assert all(len(set(of_one)) == 1 for of_one in widths), widths
    return read


def row_widths(read: Reader) -> list[list[int]]:
    """The cells of each row of each table; a cell may span columns, and rows below it."""
    tables: list[list[int]] = []
    below: dict[int, int] = {}
    for tag, attributes in read.elements:
        if tag == "table":
            tables.append([])
            below = {}
        elif tag == "tr":
            tables[-1].append(below.pop(len(tables[-1]), 0))
        elif tag in ("th", "td"):
            span, row = int(attributes.get("colspan", 1)), len(tables[-1]) - 1
            tables[-1][-1] += span
            for further in range(1, int(attributes.get("rowspan", 1))):
                below[row + further] = below.get(row + further, 0) + span
    return tables


def test_a_page_is_sound_html_and_shows_strange_text_as_it_is():
    read = check_html(to_html(page()))
    assert read.texts_in("h1") == [STRANGE]
    assert STRANGE in read.texts_in("h3")
    assert f"kzoo train '{STRANGE}'" in read.texts_in("code")
    assert not read.all("b")[1:], "only the note is in bold"
    assert {picture["alt"] for picture in read.all("img")} == {"Curves.", f"{STRANGE}: a caption."}


def test_a_table_has_badges_and_figures_beside_the_published():
    read = check_html(to_html(page()))
    badges = read.texts_in("span")
    assert {"better", "not comparable", "1 better", "1 not comparable", "stand-in"} <= set(badges)
    assert read.texts_in("td")[:5] == [".2500", ".5000", "1.5000", spelling.MISSING, ".4000"]
    assert {".2000 to .3000", "± .0100"} <= set(badges)
    assert read.texts_in("code")[:2] == ["model.", "dropout=0.5"]
    note = [text for text in read.texts_in("b") if "two" in text]
    assert note == [f"{STRANGE} and two"]


def test_each_figure_has_its_name_where_a_narrow_screen_shows_no_headings():
    read = check_html(to_html(page()))
    names = [cell["data-figure"] for cell in read.all("td") if "measured" in cell.get("class", "")]
    assert names == ["training loss", "test accuracy"] * 2


def test_each_picture_opens_in_full_size():
    read = check_html(to_html(page()))
    opened = [place["id"] for place in read.all("div") if "popover" in place]
    assert opened == [f"{picture['id']}-full" for picture in read.all("figure")]
    assert [button["popovertarget"] for button in read.all("button")] == opened


def test_a_table_without_published_figures_has_one_row_of_headings():
    row = ResultRow("one", (Cell(0.5),))
    read = check_html(to_html(page(tables=(ResultTable("T", ("accuracy",), (row,)),))))
    assert "published" not in read.texts_in("th")
    assert "verdict" not in read.texts_in("th")


def test_what_is_right_is_marked():
    read = check_html(to_html(page()))
    assert [cell["class"] for cell in read.all("td") if cell.get("class") == "right"] == ["right"]


def test_a_page_of_no_run_has_no_empty_parts():
    read = check_html(to_html(page(curves=(), runs=(), models=(), data=(), environments=(), tables=())))
    assert read.texts_in("h2") == ["Results", "Commands"]
    assert not read.all("img")


def test_markdown_has_its_pictures_in_a_folder(tmp_path):
    out = tmp_path / "my report.md"
    write_page(page(), out)
    text = out.read_text(encoding="utf-8")
    places = re.findall(r"^!\[.+\]\((.+)\)$", text, re.MULTILINE)
    assert places == ["my%20report/curves-accuracy.png", "my%20report/run-one-confusion.png"]
    assert {file.name for file in (tmp_path / "my report").iterdir()} == {
        "curves-accuracy.png",
        "run-one-confusion.png",
    }
    assert (tmp_path / "my report" / "curves-accuracy.png").read_bytes() == png()
    assert "\n\n\n\n" not in text


def test_markdown_tables_are_tables():
    tables = markdown_tables(page())
    assert len(tables) == 4
    for rows in tables:
        assert len({len(re.findall(r"(?<!\\)\|", row)) for row in rows}) == 1
        assert set(rows[1]) <= set("|-:")
    assert ".2500 (± .0100; .2000 to .3000)" in tables[0][2]
    assert "\\<b\\>" in tables[0][2]


def markdown_tables(whole: Page) -> list[list[str]]:
    text = to_markdown(whole, "pictures")
    return [table.splitlines() for table in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)]


HOSTILE = (
    '<script>alert(1)</script> <b title="x">&lt;',
    "`code` ``` [link](http://x) ![picture](y.png) *e* __s__ ~~d~~ $x$",
    "a | b \\\\| c \\",
    "# heading\n\n# another\n```\n<script>\n",
    "- a list",
    "1. a list",
    "---",
    "===",
    "    code",
    "> quote",
    "<!-- comment",
)
"""What Markdown and HTML would take for something else than text."""


def replace_texts(part: object, text: str) -> object:
    """A part of a page whose every text is another one, but where it is an address."""
    if isinstance(part, str):
        return text
    if isinstance(part, tuple):
        return tuple(replace_texts(item, text) for item in part)
    if dataclasses.is_dataclass(part):
        addresses = {"anchor", "name"} if isinstance(part, Picture | RunSection | ResultRow) else {"anchor"}
        kept = {field.name for field in dataclasses.fields(part)} - addresses
        return dataclasses.replace(part, **{name: replace_texts(getattr(part, name), text) for name in kept})
    return part


def parse_markdown(whole: Page) -> list[Token]:
    return MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(to_markdown(whole, "pictures"))


def structure(tokens: list[Token]) -> list[tuple[str, list[str]]]:
    return [(token.type, [child.type for child in token.children or ()]) for token in tokens]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_is_taken_for_markdown_or_html(text):
    hostile = replace_texts(page(), text)
    tokens = parse_markdown(hostile)
    assert structure(tokens) == structure(parse_markdown(replace_texts(page(), "plain")))
    title = next(token for token in tokens if token.type == "inline")
    assert "".join(child.content for child in title.children) == " ".join(text.split())
    assert [token.content for token in tokens if token.type == "fence"] == [f"{text}\n"]


@pytest.mark.parametrize("name", ["report.pdf", "report", "report.htm"])
def test_a_page_of_another_kind(tmp_path, name):
    with pytest.raises(UsageError, match=r"end it in \.html or \.md"):
        write_page(page(), tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_picture_knows_its_size():
    picture = Picture("a", "b", "c", png(300, 7))
    assert (picture.width, picture.height) == (300, 7)


def test_large_pictures_are_made_small_and_others_left_alone(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (800, 400, 3), dtype=np.uint8)
    noise[:400] = noise[:1]
    for name, pixels in (("small", noise[:100]), ("large", noise)):
        Image.fromarray(pixels).save(tmp_path / f"{name}.png")
    assert shrink(tmp_path / "small.png") == (tmp_path / "small.png").read_bytes()
    small = shrink(tmp_path / "large.png")
    assert (tmp_path / "large.png").stat().st_size > LARGE
    assert len(small) < 0.6 * (tmp_path / "large.png").stat().st_size
    with Image.open(io.BytesIO(small)) as picture:
        assert picture.size == (400, 800)
        assert np.abs(np.asarray(picture.convert("RGB")).astype(int) - noise).mean() < 25


@pytest.mark.parametrize("content", [b"", b"GIF89a and so on", png()[:8] + bytes(2 * LARGE)])
def test_what_is_no_png_is_named(tmp_path, content):
    (tmp_path / "mistakes.png").write_bytes(content)
    with pytest.raises(DataError, match=r"mistakes\.png is a damaged PNG"):
        shrink(tmp_path / "mistakes.png")


@pytest.mark.parametrize(
    ("value", "spelled"),
    [(0.9073, ".9073"), (-0.5, "-.5000"), (1.1616, "1.1616"), (10.06, "10.0600"), (float("nan"), "nan")],
)
def test_figures_are_spelled_as_the_reports_print_them(value, spelled):
    assert spelling.number(value) == spelled
    assert spelling.number(None) == spelling.MISSING


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("train_loss_running", "training loss"),
        ("test_bleu_4", "test BLEU-4"),
        ("test_corpus_bleu_4", "test corpus BLEU-4"),
        ("test_word_error_rate_at_3", "test word error rate@3"),
        ("validation_damerau_levenshtein", "validation Damerau-Levenshtein"),
    ],
)
def test_the_names_of_figures(key, name):
    assert label_of(key) == name


def test_times_lists_and_addresses():
    assert [spelling.duration(seconds) for seconds in (99, 101, 5_900, 8_000)] == [
        "99 s",
        "2 min",
        "98 min",
        "2 h 13 min",
    ]
    assert [spelling.listing(list("abcde")[:n]) for n in (1, 2, 3, 5)] == [
        "a",
        "a and b",
        "a, b and c",
        "5 runs",
    ]
    assert spelling.slug("Run [1]/É") == "run-1"
    assert spelling.slug("run 1", ["run-1", "run-1-2"]) == "run-1-3"


@pytest.mark.parametrize(
    ("value", "spelled"),
    [
        (None, "null"),
        (True, "true"),
        (0.0001, "0.0001"),
        (0.1234567, "0.1234567"),
        (8, "8"),
        ("x", "x"),
        ("./my photographs", "./my photographs"),
        ("none", "none"),
        ("null", '"null"'),
        ("1e-3", '"1e-3"'),
        ([28, 28, 1], "[28, 28, 1]"),
        (1e-05, "1e-05"),
        ("a: b", '"a: b"'),
    ],
)
def test_a_setting_is_spelled_as_it_is_read(value, spelled):
    assert spelling.setting(value) == spelled
    if value != "1e-3":
        assert parse_setting(f"key={spelled}") == ("key", value)

"""A page of results as one HTML file, or as Markdown with its pictures in a folder beside it."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import kzoo
from kzoo.errors import UsageError
from kzoo.extras import require
from kzoo.files import atomic_write, atomic_write_text
from kzoo.reporting.page import spelling
from kzoo.reporting.page.parts import Page


def write_page(page: Page, path: Path) -> None:
    """Write the page as HTML, or as Markdown where `path` ends in .md; folders on the way are made.

    The file is whole or not there. Markdown's pictures are written before it.

    Raises:
        UsageError: `path` ends in something else.
        MissingExtraError: Jinja2 is not installed.
    """
    check_suffix(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".md":
        _write_markdown(page, path)
    else:
        atomic_write_text(path, to_html(page))


def check_suffix(path: Path) -> None:
    """Raises UsageError if no page can be written to a file of that name."""
    if path.suffix not in _SUFFIXES:
        raise UsageError(f"{path} is no name of a page: end it in {' or '.join(_SUFFIXES)}")


def to_html(page: Page) -> str:
    """The page as HTML that needs nothing beside it."""
    return _render("page.html.jinja", page)


def _write_markdown(page: Page, path: Path) -> None:
    folder = path.with_suffix("")
    text = _render("page.md.jinja", page, folder=folder.name)
    if page.pictures:
        folder.mkdir(exist_ok=True)
    for picture in page.pictures:
        atomic_write(folder / f"{picture.name}.png", partial(Path.write_bytes, data=picture.png))
    atomic_write_text(path, text)


def _render(name: str, page: Page, **more: str) -> str:
    jinja2 = require("jinja2", "report", "a report")
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("kzoo.reporting.page"),
        autoescape=jinja2.select_autoescape(["html.jinja"]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": spelling.number,
        "uncertainty": spelling.uncertainty,
        "listing": spelling.listing,
        "slug": spelling.slug,
        "cell": _markdown_cell,
    }
    return environment.get_template(name).render(page=page, version=kzoo.__version__, **more)


def _markdown_cell(text: str) -> str:
    """A text that stays one cell of a Markdown table, and plain text."""
    for mark in "\\`*_[]<>|":
        text = text.replace(mark, f"\\{mark}")
    return " ".join(text.split())


_SUFFIXES = (".html", ".md")

"""The output of a page of results: one HTML file, or Markdown with its pictures in a folder beside it."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import kzoo
from kzoo.errors import UsageError
from kzoo.extras import require
from kzoo.files import atomic_write, atomic_write_text
from kzoo.reporting.page import spelling
from kzoo.reporting.page.parts import Page

if TYPE_CHECKING:
    from markupsafe import Markup


def write_page(page: Page, path: Path) -> None:
    """Write the page as HTML, or as Markdown if `path` ends in .md; missing folders are made.

    The file is written atomically, after the pictures of Markdown.

    Raises:
        UsageError: `path` ends in neither .html nor .md.
        MissingExtraError: Jinja2 is not installed.
    """
    check_suffix(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".md":
        _write_markdown(page, path)
    else:
        atomic_write_text(path, to_html(page))


def check_suffix(path: Path) -> None:
    """Raise UsageError if `path` ends in neither .html nor .md."""
    if path.suffix not in _SUFFIXES:
        raise UsageError(f"{path} is not the name of a page: end it in {' or '.join(_SUFFIXES)}")


def to_html(page: Page) -> str:
    """Return the page as self-contained HTML."""
    return _render("page.html.jinja", page)


def to_markdown(page: Page, folder: str) -> str:
    """Return the page as Markdown that links its pictures in `folder`."""
    return _render("page.md.jinja", page, _plain_markdown, folder=folder)


def _write_markdown(page: Page, path: Path) -> None:
    """Write the pictures to a folder beside `path`, then the Markdown file."""
    folder = path.with_suffix("")
    text = to_markdown(page, folder.name)
    if page.pictures:
        folder.mkdir(exist_ok=True)
    for picture in page.pictures:
        atomic_write(folder / f"{picture.name}.png", partial(Path.write_bytes, data=picture.png))
    atomic_write_text(path, text)


def _render(name: str, page: Page, finalize: Callable[[object], Markup] | None = None, **more: str) -> str:
    """Render the page in a template, which escapes all text for HTML that `finalize` has not escaped."""
    jinja2 = require("jinja2", "report", "a report")
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("kzoo.reporting.page"),
        autoescape=True,
        finalize=finalize,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": spelling.number,
        "uncertainty": spelling.uncertainty,
        "listing": spelling.listing,
        "slug": spelling.slug,
        "code_block": _code_block,
    }
    return environment.get_template(name).render(page=page, version=kzoo.__version__, **more)


def _plain_markdown(value: object) -> Markup:
    """Escape a text as one line that Markdown shows unchanged, in a cell or at the start of a line."""
    from markupsafe import Markup

    if isinstance(value, Markup):
        return value
    text = re.sub(r"[\\`*_{}\[\]<>|&~$#]", r"\\\g<0>", " ".join(str(value).split()))
    text = re.sub(r"^[-+=](?![.\d])", r"\\\g<0>", text)
    return Markup(re.sub(r"^(\d+)([.)])(?= |$)", r"\1\\\2", text))


def _code_block(code: str, language: str) -> Markup:
    """Return a Markdown block of code, with fences longer than any in the code."""
    from markupsafe import Markup

    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", code)), default=0))
    return Markup(f"{fence}{language}\n{code}\n{fence}")


_SUFFIXES = (".html", ".md")

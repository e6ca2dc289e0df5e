"""A table: rows of a recipe, what each changes in it, and the figures that were published for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from kzoo.decoding.options import OPTIONS, Decoding
from kzoo.documents import list_documents, names_file, read_document
from kzoo.errors import UsageError
from kzoo.names import suggestion
from kzoo.recipe import Figure, Name, PublishedSection, Real, Recipe, Whole, changed_keys, load_recipe


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Row(_Section):
    """A recipe, the dotted keys that are changed in it as `--set` would, and the published figures.

    A row may decode the `runs` of another one in its own way: `decoding` are options of `kzoo evaluate`.
    """

    name: Name
    recipe: str
    overrides: dict[str, Any] = {}
    published: dict[Figure, Real] = {}
    runs: Name | None = None
    decoding: dict[str, Any] = {}
    note: str = ""


class Table(_Section):
    """A table of a report.

    `decides` is the figure by which a row is judged. `sizes` are those of splits which the report used
    otherwise than the card of the data set says.
    """

    name: Name
    title: str
    source: str
    decides: Figure
    rows: Annotated[tuple[Row, ...], Field(min_length=1)]
    sizes: dict[str, Whole] = {}
    note: str = ""

    @property
    def figures(self) -> list[Figure]:
        """The figures that are published, first the one that decides."""
        return list(dict.fromkeys([self.decides, *(name for row in self.rows for name in row.published)]))

    def pick(self, patterns: Sequence[str]) -> list[Row]:
        """The rows whose names fit a pattern such as 'lr0.1-*'; all where there is none.

        Raises:
            UsageError: a pattern fits no row.
        """
        names = [row.name for row in self.rows]
        for pattern in patterns:
            if not any(fnmatchcase(name, pattern) for name in names):
                raise UsageError(f"{self.name} has no row {pattern!r}; {suggestion(pattern, names)}")
        return [
            row
            for row in self.rows
            if not patterns or any(fnmatchcase(row.name, pattern) for pattern in patterns)
        ]

    def recipe(self, row: Row, changes: Mapping[str, Any] | None = None) -> Recipe:
        """The recipe of a row, under the name of table and row, with these dotted keys changed.

        The published figures are there only where no change bears on them and they are a training's own.
        """
        published = load_recipe(row.recipe, row.overrides)
        recipe = load_recipe(row.recipe, {**row.overrides, **(changes or {})})
        figures = {} if row.runs or changed_keys(recipe, published) else row.published
        section = PublishedSection(source=self.source, figures=figures) if figures else None
        return recipe.model_copy(update={"name": f"{self.name} {row.name}", "published": section})


def list_tables() -> list[str]:
    """The names of the tables that come with kzoo."""
    return list_documents(tables_folder())


def load_table(name_or_path: str) -> Table:
    """Read a shipped table by name, or a YAML file by path.

    The path of a recipe is seen from the table's own folder.
    A row that says no published figures has those of its recipe, which the recipe's own file says, and their
    remark, unless it has a note.

    Raises:
        UsageError: no such table or recipe, no YAML, an unknown key, a row without published figures, or one
            that decodes what is not there or in no known way.
    """
    document = read_document("table", name_or_path, tables_folder())
    try:
        table = Table.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "top level"
        raise UsageError(f"table {name_or_path!r}, {place}: {first['msg']}") from error
    folder = Path(name_or_path).parent
    rows = [row.model_copy(update={"recipe": anchored(row.recipe, folder)}) for row in table.rows]
    names = [row.name for row in rows]
    if doubled := sorted({name for name in names if names.count(name) > 1}):
        raise UsageError(f"table {name_or_path!r} has two rows called {doubled[0]!r}: give each its own name")
    for row in rows:
        _check_runs(row, rows)
        _check_decoding(row)
    return table.model_copy(update={"rows": tuple(map(_with_published, rows))})


def tables_folder() -> Traversable:
    """The folder of the tables that come with kzoo."""
    return resources.files("kzoo.configs") / "tables"


def anchored(recipe: str, folder: Path) -> str:
    """A recipe that is a file's path seen from a folder, so that it can be found from any; a name stays."""
    return str((folder / recipe).absolute()) if names_file(recipe) else recipe


def _check_runs(row: Row, rows: Sequence[Row]) -> None:
    same = [
        other.name
        for other in rows
        if other is not row and (other.recipe, other.overrides) == (row.recipe, row.overrides)
    ]
    if row.runs is not None and row.runs not in same:
        raise UsageError(
            f"row {row.name!r} decodes the runs of {row.runs!r}, which is no other row of its recipe and "
            f"overrides; there are: {', '.join(same) or 'none'}"
        )


def _check_decoding(row: Row) -> None:
    if not row.decoding:
        return
    method, *options = (row.decoding.get("method"), *(row.decoding.keys() - {"method"}))
    if not isinstance(method, str) or method not in OPTIONS:
        raise UsageError(
            f"row {row.name!r}, decoding: the method is one of {', '.join(OPTIONS)}, not {method!r}"
        )
    for option in options:
        if option not in OPTIONS[method]:
            known = suggestion(option, OPTIONS[method])
            raise UsageError(f"row {row.name!r}, decoding: {method} has no option {option!r}; {known}")
    try:
        TypeAdapter(Decoding).validate_python(row.decoding)
    except ValidationError as error:
        first = error.errors()[0]
        raise UsageError(f"row {row.name!r}, decoding.{first['loc'][0]}: {first['msg']}") from error


def _with_published(row: Row) -> Row:
    if row.published:
        return row
    published = load_recipe(row.recipe).published
    if published is None or row.overrides or row.decoding:
        raise UsageError(
            f"row {row.name!r} of a table needs its published figures: {row.recipe} has none for it"
        )
    return row.model_copy(update={"published": published.figures, "note": row.note or published.remark})

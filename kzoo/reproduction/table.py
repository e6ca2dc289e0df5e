"""Published tables: each row has a recipe, its changed keys, and the figures published for it."""

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
    """A recipe, the dotted keys that are changed in it as by `--set`, and the published figures.

    A row may decode the `runs` of another row in its own way; `decoding` has options of `kzoo evaluate`.
    A row that states empty published figures has none, and is not compared.
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

    `decides` is the metric by which a row is judged. `sizes` has the sizes of splits for which the report
    differs from the card of the data set.
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
        """The metrics with published figures, the deciding one first."""
        return list(dict.fromkeys([self.decides, *(name for row in self.rows for name in row.published)]))

    def pick(self, patterns: Sequence[str]) -> list[Row]:
        """Return the rows whose names match a pattern such as 'lr0.1-*', or all rows without a pattern.

        Raises:
            UsageError: a pattern matches no row.
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
        """Return the recipe of a row with these dotted keys changed, named after the table and the row.

        It has the published figures only if no change affects them and the row has a training of its own.
        """
        published = load_recipe(row.recipe, row.overrides)
        recipe = load_recipe(row.recipe, {**row.overrides, **(changes or {})})
        figures = {} if row.runs or changed_keys(recipe, published) else row.published
        section = PublishedSection(source=self.source, figures=figures) if figures else None
        return recipe.model_copy(update={"name": f"{self.name} {row.name}", "published": section})


def list_tables() -> list[str]:
    """Return the names of the tables that come with kzoo."""
    return list_documents(tables_folder())


def load_table(name_or_path: str) -> Table:
    """Read a shipped table by name, or a YAML file by path.

    The path of a recipe is relative to the table's folder. A row without published figures takes those of
    its recipe's file, and their remark unless the row has a note.

    Raises:
        UsageError: the table or a recipe does not exist, the file is not YAML, a key is unknown, a row says
            nothing of published figures and its recipe has none, it decodes runs that do not exist, or it
            decodes them by an unknown method.
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
    """Return the folder of the tables that come with kzoo."""
    return resources.files("kzoo.configs") / "tables"


def anchored(recipe: str, folder: Path) -> str:
    """Return the absolute path of a recipe file that is given relative to a folder; a name is unchanged."""
    return str((folder / recipe).absolute()) if names_file(recipe) else recipe


def _check_runs(row: Row, rows: Sequence[Row]) -> None:
    """Raise UsageError if `runs` names no other row with the same recipe and overrides."""
    same = [
        other.name
        for other in rows
        if other is not row and (other.recipe, other.overrides) == (row.recipe, row.overrides)
    ]
    if row.runs is not None and row.runs not in same:
        raise UsageError(
            f"row {row.name!r} decodes the runs of {row.runs!r}, which is not another row with the same "
            f"recipe and overrides; expected one of: {', '.join(same) or 'none'}"
        )


def _check_decoding(row: Row) -> None:
    """Raise UsageError if `decoding` has an unknown method or option, or a wrong value."""
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
    """Return the row with the published figures of its recipe, unless it states its own, or none."""
    if "published" in row.model_fields_set:
        return row
    published = load_recipe(row.recipe).published
    if published is None or row.overrides or row.decoding:
        raise UsageError(f"row {row.name!r} needs published figures of its own: {row.recipe} has none for it")
    return row.model_copy(update={"published": published.figures, "note": row.note or published.remark})

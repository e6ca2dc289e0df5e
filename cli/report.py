"""The `kzoo report` command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import BackendOption, complete_run, start_backend
from .output import console


def report(
    places: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN|TABLE...",
            help="Folders of runs or sweeps, reproduced tables by name or folder.",
            autocompletion=complete_run,
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(help="The page; a name that ends in .md gives Markdown and a folder of pictures."),
    ] = Path("report.html"),
    title: Annotated[str, typer.Option(help="The title of the page; by default its subject.")] = "",
    backend: BackendOption = None,
) -> None:
    """Write the results of runs and tables as one self-contained page.

    The page has tables with verdicts, curves, pictures, predictions, parameters, data, environment and
    commands. A part for which a folder has no files is left out.
    """
    from kzoo.extras import require
    from kzoo.reporting.page.places import open_places
    from kzoo.reporting.page.writer import check_suffix, write_page

    check_suffix(out)
    require("jinja2", "report", "a report")
    runs, tables = open_places(places)
    start_backend(backend)
    from kzoo.reporting.page.contents import results_page

    write_page(results_page(runs, tables, title=title), out)
    console().print(str(out), soft_wrap=True)


COMMANDS = (report,)

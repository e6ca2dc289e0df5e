"""`kzoo predict`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .decoding import (
    BeamOption,
    EnsembleOption,
    MethodOption,
    PenaltyOption,
    SamplesOption,
    SeedOption,
    TemperatureOption,
    TopKOption,
    TopPOption,
    to_decoding,
)
from .options import BackendOption, Checkpoint, Json, Run, open_together, open_with_backend, task_of
from .output import print_json, print_lines, print_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kzoo.tasks.author import Author
    from kzoo.training.run import RunFolder


def predict(
    run: Run,
    inputs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FILE|TEXT]...",
            help="Image or sound files, or texts; texts also come line by line from stdin.",
        ),
    ] = None,
    file: Annotated[Path | None, typer.Option(help="A file of texts, one a line.", dir_okay=False)] = None,
    top: Annotated[
        int | None, typer.Option(min=1, help="How many answers to show: otherwise 3 classes, 1 text.")
    ] = None,
    checkpoint: Annotated[
        Checkpoint | None,
        typer.Option(help="Which model of the run: otherwise best for images, the tested one for texts."),
    ] = None,
    decoding: MethodOption = None,
    beam: BeamOption = None,
    length_penalty: PenaltyOption = None,
    top_p: TopPOption = None,
    top_k: TopKOption = None,
    temperature: TemperatureOption = None,
    samples: SamplesOption = None,
    seed: SeedOption = None,
    ensemble: EnsembleOption = None,
    backend: BackendOption = None,
    as_json: Json = False,
) -> None:
    """Say what images show, translate texts, write down speech, with probabilities."""
    folder = open_with_backend(run, backend)
    from kzoo.errors import UsageError

    chosen: Any = None if checkpoint is None else checkpoint.value
    wanted = to_decoding(
        decoding,
        beam=beam,
        length_penalty=length_penalty,
        top_p=top_p,
        top_k=top_k,
        temperature=temperature,
        samples=samples,
        seed=seed,
    )
    if task_of(folder) == "image classification":
        if decoding or ensemble or file:
            raise UsageError(f"--decoding, --with and --file are for texts; {folder.path} is a run of images")
        _predict_images(folder, chosen or "best", inputs or [], top or 3, as_json)
        return
    from kzoo.tasks import author_type

    kind = author_type(folder.recipe().model.name)
    lines: Mapping[str, str] = {}
    if kind.INPUTS == "texts":
        lines = _lines(inputs, file)
    elif file:
        raise UsageError(f"--file is for texts; name {kind.INPUTS} as arguments")
    elif not inputs:
        raise UsageError(f"name one or more {kind.INPUTS} as arguments")
    author = kind(open_together(folder, ensemble), chosen)
    sources = [*(inputs or []), *_readable(author, lines)]
    print_lines(author.remarks(sources))
    answers = author.write(sources, wanted, top or 1)
    if as_json:
        print_json(answers)
    else:
        _print_texts(answers)


COMMANDS = (predict,)


def _predict_images(folder: RunFolder, checkpoint: Any, images: list[str], top: int, as_json: bool) -> None:
    from kzoo.errors import UsageError
    from kzoo.tasks.images import predict as predict_images

    if not images:
        raise UsageError("name one or more image files")
    predictions = predict_images(folder, checkpoint, [Path(image) for image in images], top)
    if as_json:
        print_json(predictions)
        return
    rows = [
        (entry["image"] if rank == 0 else "", guess["class"], f"{guess['probability']:.4f}")
        for entry in predictions
        for rank, guess in enumerate(entry["predictions"])
    ]
    print_table("image", "class", ">probability", rows=rows)


def _lines(inputs: list[str] | None, file: Path | None) -> dict[str, str]:
    """The lines of the file, or of stdin where no arguments are given, by where they stand; no empty ones."""
    from kzoo.errors import DataError, UsageError

    if file is not None:
        content = file.read_bytes()
    elif inputs:
        return {}
    elif sys.stdin is None or sys.stdin.isatty():
        raise UsageError("give texts as arguments, with --file, or on stdin")
    else:
        content = sys.stdin.buffer.read()
    place = file or "stdin"
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise DataError(f"{place} is not UTF-8 text") from error
    found = {f"{place}, line {number}": line for number, line in enumerate(lines, 1) if line.strip()}
    if not found:
        raise DataError(f"there is no text in {place}")
    return found


def _readable(author: Author, lines: Mapping[str, str]) -> Iterator[str]:
    """The lines that can be read; what cannot is left out and said so."""
    from kzoo.errors import DataError, UsageError

    left_out = []
    for place, line in lines.items():
        try:
            author.read([line])
        except UsageError as error:
            left_out.append(f"{place} left out: {error}")
        else:
            yield line
    if lines and len(left_out) == len(lines):
        raise DataError(left_out[0])
    print_lines(left_out)


def _print_texts(answers: list[dict[str, Any]]) -> None:
    rows = [
        (entry["source"] if rank == 0 else "", answer["text"], f"{answer['score']:.3f}")
        for entry in answers
        for rank, answer in enumerate(entry["predictions"])
    ]
    print_table("read", "written", ">score", rows=rows)
    print_lines(
        f"{entry['source']}: {', '.join(map(repr, entry['unknown']))} not in the training data, "
        "read as unknown"
        for entry in answers
        if entry["unknown"]
    )

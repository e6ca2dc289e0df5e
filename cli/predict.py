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
from .options import BackendOption, Checkpoint, Json, Run, open_with_backend, task_of
from .output import error_console, print_json, print_table

if TYPE_CHECKING:
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
    from kzoo.training.run import open_run

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
    if kind.INPUTS == "texts":
        sources = _texts(inputs, file)
    elif file:
        raise UsageError(f"--file is for texts; name {kind.INPUTS} as arguments")
    elif not inputs:
        raise UsageError(f"name one or more {kind.INPUTS} as arguments")
    else:
        sources = inputs
    author = kind([folder, *map(open_run, ensemble or [])], chosen)
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


def _texts(inputs: list[str] | None, file: Path | None) -> list[str]:
    """The arguments and the lines of the file, or of stdin where neither is given."""
    from kzoo.errors import DataError, UsageError

    if file is not None:
        content = file.read_bytes()
    elif inputs:
        content = b""
    elif sys.stdin.isatty():
        raise UsageError("give texts as arguments, with --file, or on stdin")
    else:
        content = sys.stdin.buffer.read()
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise DataError(f"{file or 'stdin'} is not UTF-8 text") from error
    texts = [*(inputs or []), *(line for line in lines if line.strip())]
    if not texts:
        raise UsageError(f"there is no text in {file or 'stdin'}")
    return texts


def _print_texts(answers: list[dict[str, Any]]) -> None:
    rows = [
        (entry["source"] if rank == 0 else "", answer["text"], f"{answer['score']:.3f}")
        for entry in answers
        for rank, answer in enumerate(entry["predictions"])
    ]
    print_table("read", "written", ">score", rows=rows)
    for entry in answers:
        if entry["unknown"]:
            unknown = ", ".join(map(repr, entry["unknown"]))
            error_console().print(
                f"{entry['source']}: {unknown} not in the training data, read as unknown", soft_wrap=True
            )

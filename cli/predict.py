"""The `kzoo predict` command."""

from __future__ import annotations

import csv
import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from .decoding_options import (
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
from .options import (
    BackendOption,
    CheckpointOption,
    Json,
    Run,
    checkpoint_name,
    open_with_backend,
)
from .output import print_json, print_lines, print_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kzoo.errors import KzooError
    from kzoo.tasks.predictor import Prediction, Predictor


class Input(NamedTuple):
    """A text or a file path, None for a blank line, and the place of a text that was read as a line."""

    source: str | None
    place: str = ""


def predict(
    run: Run,
    inputs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FILE|FOLDER|TEXT]...",
            help="Image or sound files, folders or patterns of them ('*.png'), or texts. Texts are also read "
            "from stdin, one per line.",
        ),
    ] = None,
    file: Annotated[Path | None, typer.Option(help="A file with one text per line.", dir_okay=False)] = None,
    top: Annotated[
        int | None, typer.Option(min=1, help="The number of answers; by default 3 classes or 1 text.")
    ] = None,
    checkpoint: CheckpointOption = None,
    plain: Annotated[
        bool,
        typer.Option(
            "--plain", help="Print one line per input: one answer, or --top answers separated by TABs."
        ),
    ] = False,
    csv_file: Annotated[
        Path | None,
        typer.Option("--csv", metavar="FILE", help="Write one row per answer.", dir_okay=False),
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
    """Classify or caption images, translate texts or transcribe speech, with probabilities.

    Inputs that cannot be read are named on stderr, and the exit code is that of the first of them; all others
    are answered. Blank lines of a file or of stdin have blank answers.
    """
    folder = open_with_backend(run, backend)
    from kzoo.api import load
    from kzoo.errors import UsageError
    from kzoo.tasks import predictor_type

    if plain and as_json:
        raise UsageError("--plain and --json are two formats of the same output: choose one")
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
    given = list(_given(predictor_type(folder.recipe().model.name), inputs or [], file))
    predictor = load(run, *(ensemble or []), checkpoint=checkpoint_name(checkpoint))
    shown = top or (1 if plain else None)
    predictions = predictor.predict([each.source for each in given], wanted, shown)
    failed = _failures(given, predictions)
    if failed and not any(prediction.answers for prediction in predictions):
        raise failed[0]
    print_lines(predictor.remarks([each.source for each in predictions if each.answers]))
    if csv_file is not None:
        _write_csv(csv_file, predictor, predictions)
    if as_json:
        print_json([predictor.to_json(prediction) for prediction in predictions])
    elif plain:
        for prediction in predictions:
            print("\t".join(answer.text for answer in prediction.answers))
    else:
        _print_table(predictor, predictions)
    print_lines(map(str, failed))
    if failed:
        raise typer.Exit(failed[0].exit_code)


COMMANDS = (predict,)


def _given(kind: type[Predictor], arguments: Sequence[str], file: Path | None) -> Iterator[Input]:
    """Yield the inputs: arguments, then the lines of the file, or of stdin if neither is given.

    Raises:
        UsageError: no input is given, or `--file` for a model of images or sound.
        DataError: a folder or a pattern has no files, or a file has no text.
    """
    from kzoo.errors import UsageError

    if kind.SUFFIXES:
        if file is not None:
            raise UsageError(f"--file is for texts; name {kind.INPUTS} as arguments")
        if not arguments:
            raise UsageError(f"name one or more {kind.INPUTS} as arguments")
        for argument in arguments:
            yield from (Input(path) for path in _expand(argument, kind))
        return
    yield from map(Input, arguments)
    if file is not None:
        yield from _lines(file.read_bytes(), str(file))
    elif not arguments:
        if sys.stdin is None or sys.stdin.isatty():
            raise UsageError("give texts as arguments, with --file, or on stdin")
        yield from _lines(sys.stdin.buffer.read(), "stdin")


def _expand(argument: str, kind: type[Predictor]) -> list[str]:
    """Return a file itself, or the files of a folder or a pattern, sorted by name."""
    from kzoo.errors import DataError

    path = Path(argument)
    if path.is_dir():
        found = sorted(str(entry) for entry in path.iterdir() if entry.suffix.lower() in kind.SUFFIXES)
    elif path.exists() or not set("*?[") & set(argument):
        return [argument]
    else:
        root = Path(path.anchor)
        found = sorted(map(str, root.glob(str(path.relative_to(root)))))
    if not found:
        raise DataError(f"{argument} has no {kind.INPUTS}")
    return found


def _lines(content: bytes, place: str) -> list[Input]:
    """Return the lines of a text as inputs; the source of a blank line is None."""
    from kzoo.errors import DataError

    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise DataError(f"{place} is not UTF-8 text") from error
    if not any(map(str.strip, lines)):
        raise DataError(f"there is no text in {place}")
    return [
        Input(line if line.strip() else None, f"{place}, line {number}")
        for number, line in enumerate(lines, 1)
    ]


def _failures(given: Sequence[Input], predictions: Sequence[Prediction]) -> list[KzooError]:
    """Return an error for each input that cannot be read; the error of a text in a file names its line."""
    from kzoo.errors import DataError

    return [
        DataError(f"{each.place} has no answer: {prediction.error}") if each.place else prediction.error
        for each, prediction in zip(given, predictions, strict=True)
        if prediction.error
    ]


def _write_csv(path: Path, predictor: Predictor, predictions: Sequence[Prediction]) -> None:
    from kzoo.files import atomic_write_text

    source, text, score = predictor.KEYS
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([source, "rank", text, score, "error"])
    for prediction in predictions:
        rows: list[Any] = [
            (rank, answer.text, answer.score, "") for rank, answer in enumerate(prediction.answers, 1)
        ]
        for row in rows or [("", "", "", prediction.error or "")]:
            writer.writerow([prediction.source, *row])
    atomic_write_text(path, buffer.getvalue())


def _print_table(predictor: Predictor, predictions: Sequence[Prediction]) -> None:
    source, text, score = predictor.HEADS
    rows = [
        (prediction.source if rank == 0 else "", answer.text, f"{answer.score:.4f}")
        for prediction in predictions
        for rank, answer in enumerate(prediction.answers)
    ]
    print_table(source, text, f">{score}", rows=rows, title=predictor.title)
    print_lines(
        f"{prediction.source}: {', '.join(map(repr, prediction.unknown))} not in the training data, "
        "read as unknown"
        for prediction in predictions
        if prediction.unknown
    )

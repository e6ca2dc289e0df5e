"""`kzoo predict`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import BackendOption, Checkpoint, Json, Run, open_with_backend
from .output import print_json, print_table


def predict(
    run: Run,
    images: Annotated[
        list[Path], typer.Argument(metavar="IMAGE...", help="Image files; resized as the model needs.")
    ],
    top: Annotated[int, typer.Option(min=1, help="How many classes to show for an image.")] = 3,
    checkpoint: Annotated[Checkpoint, typer.Option(help="Which model of the run.")] = Checkpoint.best,
    backend: BackendOption = None,
    as_json: Json = False,
) -> None:
    """Say what images show, with probabilities."""
    folder = open_with_backend(run, backend)
    from kzoo.evaluation import predict as predict_images

    predictions = predict_images(folder, checkpoint.value, images, top)
    if as_json:
        print_json(predictions)
        return
    rows = [
        (entry["image"] if rank == 0 else "", guess["class"], f"{guess['probability']:.4f}")
        for entry in predictions
        for rank, guess in enumerate(entry["predictions"])
    ]
    print_table("image", "class", ">probability", rows=rows)


COMMANDS = (predict,)

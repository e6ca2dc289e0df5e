"""The `kzoo plot` commands, which draw the pictures of the reports from run folders."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import (
    BackendOption,
    CheckpointOption,
    DataDir,
    Run,
    checkpoint_name,
    complete_run,
    open_with_backend,
)
from .output import console, print_lines

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from kzoo.training.run import RunFolder

app = typer.Typer(help="Draw the pictures of the reports from run folders.", no_args_is_help=True)

Runs = Annotated[
    list[Path],
    typer.Argument(metavar="RUN...", help="Folders of runs.", file_okay=False, autocompletion=complete_run),
]
Out = Annotated[
    Path | None,
    typer.Option(
        help="The PNG file; by default one in the folder of the (first) run, or in the working directory for "
        "weights that come with kzoo."
    ),
]
Layer = Annotated[str | None, typer.Option(help="The name of a convolution; by default the first.")]
Index = Annotated[int, typer.Option(min=0, help="The index of an image in the test set.")]


@app.command()
def curves(
    runs: Runs,
    running: Annotated[
        bool, typer.Option("--running", help="Draw the loss of the reports, the mean since epoch 1.")
    ] = False,
    out: Out = None,
) -> None:
    """Draw training loss and validation metric per epoch, several runs in one picture."""
    from kzoo.pictures.curves import curves as draw_curves
    from kzoo.pictures.title import folder_label
    from kzoo.tasks import criterion
    from kzoo.training.run import open_run

    folders = [open_run(path) for path in runs]
    paths = [folder.path for folder in folders]
    histories = {folder_label(folder, paths): folder.history() for folder in folders}
    metric = criterion(folders[0].recipe().model.name)
    _save(draw_curves(histories, metric, running=running), folders[0], out, "curves")


@app.command()
def activations(
    run: Run,
    layer: Layer = None,
    index: Index = 0,
    image: Annotated[Path | None, typer.Option(help="An image file instead of a test image.")] = None,
    checkpoint: CheckpointOption = None,
    out: Out = None,
    data_dir: DataDir = None,
    backend: BackendOption = None,
) -> None:
    """Draw the maps of a convolution, before its nonlinearity, beside the image."""
    folder = open_with_backend(run, backend)
    from kzoo.api import load
    from kzoo.pictures.classifier_run import draw_activations, test_image
    from kzoo.tasks import check_picture

    check_picture(folder, "activations")
    predictor = load(run, checkpoint=checkpoint_name(checkpoint))
    if image is not None:
        pixels, source = predictor.read(str(image)), image.name
    else:
        pixels, source = test_image(predictor.open_experiment(data_dir).data, index)
    _save(draw_activations(folder, predictor.model, pixels, source, layer), folder, out, "activations")


@app.command()
def kernels(
    run: Run,
    layer: Layer = None,
    checkpoint: CheckpointOption = None,
    out: Out = None,
    backend: BackendOption = None,
) -> None:
    """Draw the kernels of a convolution."""
    folder = open_with_backend(run, backend)
    from kzoo.pictures.classifier_run import draw_kernels
    from kzoo.tasks import check_picture

    check_picture(folder, "kernels")
    model = folder.load_tested_model(checkpoint_name(checkpoint))
    _save(draw_kernels(folder, model, layer), folder, out, "kernels")


@app.command()
def confusion(run: Run, out: Out = None) -> None:
    """Draw the confusion matrix of the test set."""
    import numpy as np

    from kzoo.pictures.classifier_run import draw_confusion
    from kzoo.tasks import check_picture
    from kzoo.training.run import open_run

    folder = open_run(run)
    check_picture(folder, "confusion")
    test: dict[str, Any] = folder.metrics()["test"]
    names = [row["name"] for row in test["classes"]]
    _save(draw_confusion(folder, np.array(test["confusion_matrix"]), names), folder, out, "confusion")


@app.command()
def mistakes(
    run: Run,
    most: Annotated[int, typer.Option(min=1, help="The number of images to draw.")] = 24,
    checkpoint: CheckpointOption = None,
    out: Out = None,
    data_dir: DataDir = None,
    backend: BackendOption = None,
) -> None:
    """Draw the test images that the model misclassifies with the highest confidence."""
    folder = open_with_backend(run, backend)
    import numpy as np

    from kzoo.pictures.classifier_run import draw_mistakes
    from kzoo.tasks import check_picture
    from kzoo.tasks.opening import open_experiment
    from kzoo.training.inference import compile_predict

    check_picture(folder, "mistakes")
    data = open_experiment(folder, data_dir).data
    model = folder.load_tested_model(checkpoint_name(checkpoint))
    probabilities = np.exp(compile_predict(model)(data.test.images))
    _save(draw_mistakes(folder, data, probabilities, most), folder, out, "mistakes")


@app.command()
def attention(
    run: Run,
    source: Annotated[
        str, typer.Argument(metavar="TEXT|FILE", help="A source text, or an image or sound file.")
    ],
    checkpoint: CheckpointOption = None,
    out: Out = None,
    backend: BackendOption = None,
) -> None:
    """Draw what each output token attends to in a text, an image or a recording."""
    folder = open_with_backend(run, backend)
    from kzoo.api import load
    from kzoo.tasks import check_picture

    check_picture(folder, "attention")
    predictor = load(run, checkpoint=checkpoint_name(checkpoint))
    print_lines(predictor.remarks([source]))
    _save(predictor.draw_attention(source), folder, out, "attention")


@app.command()
def spectrogram(
    run: Run,
    clip: Annotated[Path, typer.Argument(help="A sound file.", dir_okay=False)],
    out: Out = None,
    backend: BackendOption = None,
) -> None:
    """Draw the log-mel spectrogram of a recording, the input of a run's model."""
    folder = open_with_backend(run, backend)
    from kzoo.tasks import check_picture
    from kzoo.tasks.speech_predictor import SpeechPredictor

    check_picture(folder, "spectrogram")
    predictor = SpeechPredictor([folder])
    print_lines(predictor.remarks([str(clip)]))
    _save(predictor.draw_spectrogram(str(clip)), folder, out, "spectrogram")


def _save(figure: Figure, folder: RunFolder, out: Path | None, kind: str) -> None:
    from kzoo.files import free_path
    from kzoo.pictures.figure import save

    place = Path(f"{folder.path.name}-{kind}") if folder.is_packed else folder.path / kind
    path = out or free_path(place, ".png")
    save(figure, path)
    console().print(str(path), soft_wrap=True)

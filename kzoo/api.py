"""The public functions for trained models: load them, build a model with their weights, extract features."""

from __future__ import annotations

import sys
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from kzoo import registry, runtime
from kzoo.errors import UsageError
from kzoo.names import nearest, suggestion
from kzoo.recipe import Recipe
from kzoo.tasks import predictor_type
from kzoo.tasks.predictor import Predictor
from kzoo.training.run import Checkpoint, RunFolder, open_run

if TYPE_CHECKING:
    import keras

_CHECKPOINTS: tuple[Checkpoint, ...] = get_args(Checkpoint)


def load(
    run: str | Path,
    *others: str | Path,
    checkpoint: Checkpoint | None = None,
    backend: str | None = None,
) -> Predictor:
    """Load the model of a run, or weights that come with kzoo, to predict, evaluate or look into it.

    >>> kzoo.load("p2g-best").predict("k ɪ t ə n").answers[0].text
    >>> predictor = kzoo.load("runs/fashion-cnn-20261121-101500")
    >>> predictor.predict(["shoe.png", pixels], top=1)
    >>> predictor.evaluate("test").metrics["accuracy"]
    >>> predictor.model, predictor.vocabulary, predictor.recipe

    Image classifiers and captioners read paths of image files, images of Pillow, or uint8 arrays `(height,
    width)` or `(height, width, channels)`; a list or an array of four dimensions holds several. Speech
    recognisers read paths of sound files, or `(samples, rate)` with samples `(length,)` or `(length,
    channels)`, floats in [-1, 1] or signed integers. All other models read texts. Inputs are resized,
    resampled or normalised as the training data were.

    Args:
        run: the folder of a run, or the name of weights that come with kzoo (`kzoo weights list`).
        others: the same for runs of sequence models that are decoded together with it, as an ensemble.
        checkpoint: "best" or "last"; by default the one that the recipe of each run says is tested.
        backend: the backend; by default the one that Keras runs on, KERAS_BACKEND, the recipe's, or
            tensorflow. If Keras is not imported yet, it is set up as for the command line.

    Raises:
        UsageError: a folder holds no run, the runs cannot be decoded together, the checkpoint or the backend
            is unknown, or Keras runs on another backend.
        DataError: a file of a run is missing or damaged.
        MissingExtraError: the backend is not installed.
    """
    if checkpoint not in (None, *_CHECKPOINTS):
        known = suggestion(str(checkpoint), _CHECKPOINTS)
        raise UsageError(f"no checkpoint is called {checkpoint!r}; {known}")
    runs = [open_run(Path(each)) for each in (run, *others)]
    recipe = runs[0].recipe()
    _check_task(runs)
    _start_backend(recipe, backend)
    return predictor_type(recipe.model.name)(runs, checkpoint)


def _check_task(runs: list[RunFolder]) -> None:
    """Raise UsageError if runs to be decoded together have different tasks."""
    task, *tasks = (registry.card(run.recipe().model.name).task for run in runs)
    for run, found in zip(runs[1:], tasks, strict=True):
        if found != task:
            raise UsageError(f"--with is for runs of {task}; {run.path} is a run of {found}")


def _start_backend(recipe: Recipe, backend: str | None) -> None:
    """Import and set up Keras, or check that it runs on the backend if it is imported already."""
    keras = sys.modules.get("keras")
    running = None if keras is None else keras.backend.backend()
    chosen = runtime.choose_backend(backend or running, recipe.runtime.backend)
    if chosen != running:
        runtime.start(chosen, precision=recipe.runtime.precision)


def create_model(
    name: str, weights: str | Path | None = None, *, seed: int | None = None, **options: Any
) -> keras.Model:
    """Build a model of the zoo, with initial or with trained weights.

    >>> kzoo.create_model("cnn-bn", dropout=0.2)
    >>> kzoo.create_model("fashion-cnn", weights="runs/fashion-cnn-20261121-101500")

    Args:
        name: one of `list_models()`.
        weights: a run folder, whose tested weights are taken, one of its files `best.keras` and `last.keras`,
            or the name of weights that come with kzoo; None draws initial weights.
        seed: the seed of the initial weights; see `kzoo.registry.create_model`.
        options: the options of the model. With weights, they override the options of the run.

    Raises:
        UsageError: the model or an option is unknown or out of range, or the weights do not fit the model.
        DataError: the file of the weights is damaged.
    """
    if weights is None:
        return registry.create_model(name, seed=seed, **options)
    registry.card(name)
    run, checkpoint = _find_weights(Path(weights))
    recipe = run.recipe()
    if recipe.model.name != name:
        raise UsageError(f"{weights} has the weights of {recipe.model.name}, not of {name}")
    trained = run.load_tested_model(checkpoint)
    model = registry.create_model(name, seed=seed, **{**recipe.model.options, **options})
    for ours, theirs in zip_longest(model.weights, trained.weights):
        if ours is None or theirs is None or ours.shape != theirs.shape:
            spelled = ", ".join(f"{key}={value!r}" for key, value in options.items())
            raise UsageError(
                f"the weights of {weights} do not fit {name} with {spelled}: they begin to differ at "
                f"{(ours if ours is not None else theirs).path}"
            )
    model.set_weights(trained.get_weights())
    return model


def _find_weights(path: Path) -> tuple[RunFolder, Checkpoint | None]:
    """Return the run that a folder or a weights file in it belongs to, and the checkpoint of the file."""
    for checkpoint in _CHECKPOINTS:
        if path.name == f"{checkpoint}.keras":
            return open_run(path.parent), checkpoint
    return open_run(path), None


def feature_extractor(model: keras.Model | Predictor, layer: str | None = None) -> keras.Model:
    """Return the part of a model from its inputs to the output of a layer.

    >>> extractor = kzoo.feature_extractor(kzoo.load("runs/fashion-cnn-20261121-101500"), layer="fc1")

    The part shares its weights with the model, and its inputs are those of the model: pixels divided by 256
    for a classifier.

    Args:
        model: a functional Keras model, or what `load` returned.
        layer: the name of a layer. By default, the features are the inputs of the last layer that has a
            matrix of weights, which maps them to classes or tokens.

    Raises:
        UsageError: the model has no such layer.
    """
    import keras

    whole = model.model if isinstance(model, Predictor) else model
    nodes = _graph_nodes(whole)
    if layer is None:
        head = next((node for node in nodes if _has_matrix(node.operation)), None)
        if head is None:
            raise UsageError(f"{whole.name} has no layer with weights: name one of its layers")
        outputs = head.input_tensors[:1]
    else:
        names = {node.operation.name: node for node in nodes}
        if layer not in names:
            near = nearest(layer, names)
            hint = "" if near is None else f"did you mean {near!r}? "
            known = ", ".join(reversed(names))
            raise UsageError(f"{whole.name} has no layer called {layer!r}; {hint}known: {known}")
        outputs = names[layer].output_tensors
    features = outputs[0] if len(outputs) == 1 else outputs
    return keras.Model(whole.input, features, name=f"{whole.name}-features")


def _graph_nodes(model: keras.Model) -> list[Any]:
    """Return the nodes of the graph of a functional model, from its outputs backwards.

    A node is one call of a layer. The attribute `output` of a layer does not exist if the layer is also
    called elsewhere, as the layers of a model that was decoded are.
    """
    import keras

    nodes, waiting = [], keras.tree.flatten(model.output)
    while waiting:
        operation, index, _ = waiting.pop(0)._keras_history
        node = operation._inbound_nodes[index]
        if node not in nodes:
            nodes.append(node)
            waiting += node.input_tensors
    return nodes


def _has_matrix(layer: Any) -> bool:
    return any(len(weight.shape) > 1 for weight in getattr(layer, "weights", ()))

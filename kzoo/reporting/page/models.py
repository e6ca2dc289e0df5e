"""The models of runs, with their parameters counted layer by layer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kzoo import registry
from kzoo.parameters import LayerCount, count_layer
from kzoo.reporting.page.parts import ModelSection
from kzoo.reporting.page.run import ReportedRun


def model_sections(runs: Sequence[ReportedRun]) -> Iterable[ModelSection]:
    """Yield a section for each different model of the runs; Keras must have been started."""
    groups: dict[tuple[str, tuple[LayerCount, ...]], list[str]] = {}
    for run in runs:
        model = registry.abstract_model(run.recipe.model.name, **run.recipe.model.options)
        layers = tuple(count_layer(layer) for layer in model.layers if layer.weights)
        groups.setdefault((run.recipe.model.name, layers), []).append(run.label)
    for place, ((name, layers), labels) in enumerate(groups.items(), 1):
        card, trainable = registry.card(name), sum(layer.trainable for layer in layers)
        yield ModelSection(
            name=name,
            anchor=f"model-{place}",
            what=card.summary,
            source=card.source,
            trainable=trainable,
            published=card.published if trainable == card.parameters else None,
            note=card.note,
            layers=layers,
            runs=tuple(labels),
        )

"""The published figures beside those of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kzoo.data.catalog import PUBLISHED_SETS
from kzoo.data.splits import other_sizes
from kzoo.recipe import Recipe, changed_keys

if TYPE_CHECKING:
    from kzoo.experiment import Experiment


def compare(experiment: Experiment, reference: Recipe) -> dict[str, Any]:
    """The published figures of the recipe, or the reason why the run has none to stand beside."""
    origin, published = experiment.data.origin, reference.published
    if published is None:
        return {"published": None, "reason": "nothing is published for this recipe"}
    if origin.stand_in:
        return {
            "published": None,
            "reason": f"trained on the stand-in {origin.name}, not on {reference.data.name}",
        }
    if changed := changed_keys(experiment.recipe, reference):
        return {"published": None, "reason": f"the recipe was changed: {', '.join(changed)}"}
    remarks = [published.remark, _other_sizes(experiment, published.source)]
    remark = "; ".join(filter(None, remarks))
    return {"published": published.figures, "source": published.source, "remark": remark}


def _other_sizes(experiment: Experiment, source: str) -> str:
    """What is to be said where a published set has other sizes than in its report."""
    card = PUBLISHED_SETS.get(experiment.data.origin.name)
    if card is None or experiment.recipe.data.test_cut:
        return ""
    told = other_sizes(source, card.sizes, experiment.sizes)
    return told and f"{told}: the figures do not compare"

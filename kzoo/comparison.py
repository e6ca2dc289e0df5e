"""The rule that decides whether a run may be compared with published figures, in runs, reports and tables."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from kzoo.data.catalog import PUBLISHED_SETS
from kzoo.data.images.cards import R004_TEST_CUT
from kzoo.data.splits import other_sizes
from kzoo.recipe import Recipe, changed_keys


def difference(
    data: Mapping[str, Any],
    changed: Collection[str],
    published: Recipe,
    source: str,
    sizes: Mapping[str, int] | None = None,
) -> str:
    """Return why a run cannot be compared with the figures published for a recipe, or "" if it can.

    Args:
        data: the `name`, `stand_in` and `sizes` of the data that the run was trained on.
        changed: the keys of the recipe that a user changed.
        published: the recipe whose figures are published.
        source: the report that publishes them.
        sizes: the split sizes that the source used, where they differ from the card of the data set.
    """
    name, wanted = data["name"], Path(published.data.name).name  # a recipe names a user's own set by its path
    if data["stand_in"]:
        return f"trained on the stand-in {name}" + (f", not on {wanted}" if name != wanted else "")
    if name != wanted:
        return f"trained on {name}, not on {wanted}"
    if changed:
        return f"the recipe was changed: {', '.join(changed)}"
    if (card := PUBLISHED_SETS.get(name)) is None:
        return ""
    cut = {"test": sum(R004_TEST_CUT)} if published.data.test_cut else {}
    return other_sizes(source, {**card.sizes, **cut, **(sizes or {})}, data["sizes"])


def compare(
    recipe: Recipe, reference: Recipe, data: Mapping[str, Any], fitted: Collection[str] = ()
) -> dict[str, Any]:
    """Return the published figures of a recipe, or the reason why a run cannot be compared with any.

    Args:
        recipe: the recipe that the run was trained with.
        reference: the recipe as it is published.
        data: see `difference`.
        fitted: the keys that kzoo changed to make the model fit the data.
    """
    published = reference.published
    if published is None:
        return {"published": None, "reason": "nothing is published for this recipe"}
    changed = [key for key in changed_keys(recipe, reference) if key not in fitted]
    if reason := difference(data, changed, reference, published.source):
        return {"published": None, "reason": reason}
    return {"published": published.figures, "source": published.source, "remark": published.remark}

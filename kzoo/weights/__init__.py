"""Weights that come with kzoo: their cards, their checks, and how a run becomes one of them.

Each folder beside this file is a run folder with the weights of its tested model. `kzoo.shipped` finds it.
"""

__all__: list[str] = []

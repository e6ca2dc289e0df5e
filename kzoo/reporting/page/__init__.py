"""A page of results: the tables, curves, pictures, data and environments of some runs in one file."""

__all__: list[str] = []

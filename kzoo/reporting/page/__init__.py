"""A page of results: the tables, curves, pictures and circumstances of some runs in one file."""

__all__: list[str] = []

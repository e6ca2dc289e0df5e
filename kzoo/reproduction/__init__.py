"""Published tables as data, trained again row by row and judged: does it reproduce?"""

__all__: list[str] = []

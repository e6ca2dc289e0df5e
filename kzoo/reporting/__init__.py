"""Reports: parameter tables and pictures."""

__all__: list[str] = []

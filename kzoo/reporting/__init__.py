"""Reports: pages of results, and Markdown tables of the results and speeds of record."""

__all__: list[str] = []

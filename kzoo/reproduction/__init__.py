"""Reproduction of published tables: each row is trained again and judged against its published figures."""

__all__: list[str] = []

"""Functional-API builders, one family a file; importing this package registers every model."""

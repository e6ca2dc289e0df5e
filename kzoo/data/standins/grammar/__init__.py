"""A small grammar of Spanish and English, from which the phrases are written."""

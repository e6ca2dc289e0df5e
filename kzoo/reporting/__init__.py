"""Reports: parameter tables and pictures."""

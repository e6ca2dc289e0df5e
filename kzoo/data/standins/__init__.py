"""Stand-ins for image sets, drawn by code from a seed."""

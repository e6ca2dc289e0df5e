"""The command line: one thin module for each command, without computations of its own."""

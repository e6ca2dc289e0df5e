"""`python -m kzoo`."""

from kzoo.cli.main import main

if __name__ == "__main__":
    try:
        main()
    finally:
        # After a Ctrl-C in an evaluated text, as dataclasses have, Python would end by SIGINT, whatever the
        # exit code is; it forgets that when it evaluates another.
        eval("None")

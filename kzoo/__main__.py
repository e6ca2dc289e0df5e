"""The entry point of `python -m kzoo`."""

from kzoo.cli.main import run

if __name__ == "__main__":
    run()

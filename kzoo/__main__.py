"""`python -m kzoo`."""

from kzoo.cli.app import main

if __name__ == "__main__":
    main()

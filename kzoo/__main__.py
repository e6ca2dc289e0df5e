"""`python -m kzoo`."""

from kzoo.cli.main import main

if __name__ == "__main__":
    main()

"""What a user can get wrong, and the exit code that says so.

Each message is one line: the thing, what was expected, the way out.
"""


class KzooError(Exception):
    """Something kzoo can name; 1 when a check failed."""

    exit_code = 1


class UsageError(KzooError):
    """A verb, a recipe or an option is wrong."""

    exit_code = 2


class DataError(KzooError):
    """A data set or a file of it is missing or damaged."""

    exit_code = 3


class MissingExtraError(KzooError):
    """An optional package is not installed; the message names the extra that brings it."""

    exit_code = 4

"""The errors that kzoo reports to a user, and their exit codes.

Each message is one line: it names the thing, what was expected, and what to do.
"""


class KzooError(Exception):
    """The base class of all errors that kzoo reports; its own exit code 1 means that a check failed."""

    exit_code = 1


class UsageError(KzooError):
    """A command, a recipe or an option is invalid."""

    exit_code = 2


class DataError(KzooError):
    """A data set or a file is missing or damaged."""

    exit_code = 3


class MissingExtraError(KzooError):
    """An optional package is not installed; the message names the extra that installs it."""

    exit_code = 4

"""Errors that a user can cause or meet; each message is one line that names the fix."""


class TrainerError(Exception):
    """An error that `trainer` reports in one line, with exit code 2."""


class FilmError(TrainerError, ValueError):
    """The film cannot be opened, has no frames, or has none at the given place."""


class OptionError(TrainerError, ValueError):
    """The value of an option is out of range or does not fit the other options."""

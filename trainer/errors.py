"""Errors that a user of the trainer can cause or meet; each message is one line that names the fix."""


class TrainerError(Exception):
    """Anything `trainer` reports in one line and exits with code 2 for."""


class FilmError(TrainerError, ValueError):
    """The film cannot be opened, has no frames, or holds no frame at the place asked for."""


class OptionError(TrainerError, ValueError):
    """An option's value is out of its range or does not fit the others."""

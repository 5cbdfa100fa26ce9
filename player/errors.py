"""Errors that a user of the player can cause or meet; each message is one line that names the fix."""

from pathlib import Path


class PlayerError(Exception):
    """Anything `player` reports in one line and exits with code 2 for."""


class ReelError(PlayerError, ValueError):
    """The file is no reel, is damaged as a whole, or cannot be read or written."""


class EmptyReel(ReelError):
    """The file is that of a reel whose writing has hardly begun: there is nothing in it."""


class BadFrame(PlayerError, ValueError):
    """One frame of a reel cannot be decoded and must not be shown.

    `number` is the frame asked for, `next_key` the number of the first key frame after it (where playing
    can go on), or None when there is none.
    """

    def __init__(self, path: Path, number: int, reason: str, next_key: int | None) -> None:
        where = (
            "nothing after it can be shown" if next_key is None else f"playing can go on at frame {next_key}"
        )
        super().__init__(
            f"{path}: frame {number} is damaged ({reason}); {where}; copy the reel again to repair it"
        )
        self.number = number
        self.reason = reason
        self.next_key = next_key


class NoSuchFrame(ReelError):
    """The reel ends before the place that was asked for."""


class ConfigError(PlayerError, ValueError):
    """A key, an environment variable or an option is unknown or out of its range."""


class FileError(PlayerError, OSError):
    """A file of the player's own (its place, a picture) cannot be read or written."""


class PanelError(PlayerError, OSError):
    """The panel does not answer, or what the driver was asked to do is not possible."""


class PanelFault(PanelError):
    """The controller did not answer, or not as it should: a reset may cure that."""


class PanelReset(PanelError):
    """A call to the panel failed and the panel was opened anew: it may show anything and wants a redraw."""

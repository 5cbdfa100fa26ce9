"""Errors that a user of the player can cause or meet. Each message is one line that names the fix."""

from pathlib import Path


class PlayerError(Exception):
    """`player` reports it in one line and exits with code 2."""


class ReelError(PlayerError, ValueError):
    """The file is not a reel, is damaged as a whole, or cannot be read or written."""


class EmptyReel(ReelError):
    """The file of a reel whose writing has hardly begun: there is nothing in it yet."""


class NoReel(ReelError):
    """Nothing is named that could be shown, or the folders that are named hold no reel."""


class BadFrame(PlayerError, ValueError):
    """One frame of a reel cannot be decoded and must not be shown.

    `number` is the requested frame, `next_key` the first key frame after it, where playing can go on, or
    None when there is none; both from 0.
    """

    def __init__(self, path: Path, number: int, reason: str, next_key: int | None) -> None:
        where = (
            "nothing after it can be shown"
            if next_key is None
            else f"playing can go on at frame {next_key + 1}"
        )
        super().__init__(
            f"{path}: frame {number + 1} is damaged ({reason}); {where}; copy the reel again to repair it"
        )
        self.number = number
        self.reason = reason
        self.next_key = next_key


class NoSuchFrame(ReelError):
    """The reel ends before the requested place."""


class ConfigError(PlayerError, ValueError):
    """A key, an environment variable or an option is unknown, or its value is out of range."""


class FileError(PlayerError, OSError):
    """A file of the player's own (its place, a picture) cannot be read or written."""


class Stopped(Exception):
    """The player was asked to stop while it was reading a reel. Not an error: nothing is wrong."""


class PanelError(PlayerError, OSError):
    """The panel does not answer, or the driver cannot do what it was asked."""


class PanelFault(PanelError):
    """The controller did not answer as it should. A reset may cure that."""


class PanelReset(PanelError):
    """A call to the panel failed, and the panel was opened anew. It may show anything and needs a redraw."""

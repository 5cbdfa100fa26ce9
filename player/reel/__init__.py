"""The reel: a film as dithers in one file, the only edge between the trainer and the player.

`ReelWriter` (used by `trainer export`) writes it, `Reel` reads it. It is one SQLite file (see `format`): a
table that describes the film and how it was dithered, and one row per frame. The row holds the zlib payload
of the packed dither (a key frame) or of its XOR with the frame before (a delta). A key frame comes at least
every 64 frames, at each cut, and wherever the redraw plan redraws the panel.

A dither is uint8[H, W], 0 black and 1 white; times are milliseconds of the film. Errors are
`player.errors.ReelError` and `BadFrame`, one line each.
"""

from player.errors import BadFrame, EmptyReel, ReelError
from player.reel.format import FrameInfo
from player.reel.reader import Reel
from player.reel.writer import ReelWriter

__all__ = ["BadFrame", "EmptyReel", "FrameInfo", "Reel", "ReelError", "ReelWriter"]

"""The reel: a film as dithers in one file, the only edge between the trainer and the player.

`ReelWriter` (used by `trainer export`) writes it, `Reel` reads it. One SQLite file (see `reel_format.file`):
a table of what is known about the film and how it was dithered, and one row per frame with the zlib payload
of its packed dither (a key frame) or of the XOR with the frame before (a delta). Key frames at least every
64 frames and at cuts.

A dither is uint8[H, W], 0 black and 1 white; times are milliseconds of the film; errors are
`player.errors.ReelError` and `BadFrame`, one line each.
"""

from player.errors import BadFrame, EmptyReel, ReelError
from player.reel.file import FrameInfo
from player.reel.reader import Reel
from player.reel.writer import ReelWriter

__all__ = ["BadFrame", "EmptyReel", "FrameInfo", "Reel", "ReelError", "ReelWriter"]

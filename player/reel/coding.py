"""How each frame of a reel is stored: a key frame or a delta, and what it says of itself. Pure, no I/O.

What is stored of a frame depends on the frames since the key frame before it; its flips also on the one frame
before. So frames that begin with a key frame are the same rows in any reel but for the first one's flips,
and one reel can take them over from another as they are.
"""

from typing import NamedTuple

from player.reel import packing
from player.reel.file import KEY_INTERVAL


class Coded(NamedTuple):
    """The row of a frame: `key` or a delta, pixels that flip and darken (0 in the first frame), CRC-32 of
    the packed dither, and the payload."""

    key: bool
    flips: int
    darkened: int
    crc: int
    payload: bytes


class Coder:
    """Codes the frames of one reel in order. `picture` is the packed dither of the newest one, or None.

    Goes on where `since_key` and `key_bytes` say: how many frames there are from the newest key frame on, and
    how long its payload is.
    """

    def __init__(
        self, picture: packing.Bits | None = None, since_key: int = KEY_INTERVAL, key_bytes: int = 0
    ) -> None:
        self.picture = picture
        self._since_key, self._key_bytes = since_key, key_bytes

    def code(self, picture: packing.Bits, cut: bool) -> Coded:
        """The next frame, from its packed dither; a key frame after a cut, at the latest every 64 frames."""
        changed, flips, darkened = packing.compared(picture, self.picture)
        delta = None
        if changed is not None and not cut and self._since_key < KEY_INTERVAL:
            delta = packing.deflate(changed)
        payload, key = delta, False
        # Compressing the picture costs more than all else, so it is tried only where it may win: against a
        # large delta, of many flips or larger than the key frame before, whose picture was much like this.
        many = flips > picture.size  # an eighth of the pixels
        if delta is None or (len(delta) > picture.size // 4 and (many or len(delta) > self._key_bytes)):
            whole = packing.deflate_picture(picture)
            if delta is None or len(whole) <= len(delta):
                payload, key = whole, True
        assert payload is not None
        self._note(picture, key, payload)
        return Coded(key, flips, darkened, packing.crc(picture), payload)

    def take_over(self, picture: packing.Bits, key: bool, payload: bytes) -> Coded:
        """The next frame, coded by another reel's coder since its key frame."""
        _, flips, darkened = packing.compared(picture, self.picture)
        self._note(picture, key, payload)
        return Coded(key, flips, darkened, packing.crc(picture), payload)

    def _note(self, picture: packing.Bits, key: bool, payload: bytes) -> None:
        self.picture = picture
        self._since_key = 1 if key else self._since_key + 1
        if key:
            self._key_bytes = len(payload)

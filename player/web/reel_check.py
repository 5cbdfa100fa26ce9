"""Whether what was uploaded is a reel that this panel can show."""

from pathlib import Path

from player.errors import BadFrame, ReelError
from player.playback.reels import check
from player.reel import Reel

PLACES = 24  # frames that are decoded, spread over the film; each with up to 64 before it


def check_uploaded(path: Path, size: tuple[int, int]) -> None:
    """ReelError unless it is a complete reel of `size` (width, height), of which frames all over the film can
    be decoded. The rest is checked frame by frame when it is shown: a bad frame is skipped then.
    """
    with path.open("rb") as file:
        if (
            file.read(20)[18:] == b"\2\2"
        ):  # https://sqlite.org/fileformat.html: such a file makes others beside it
            raise ReelError(
                f"{path}: was changed by another program (write-ahead log); export the film again"
            )
    with Reel(path) as reel:
        check(reel, size)  # before anything is decoded: the size bounds what that takes
        if not reel.complete:
            raise ReelError(f"{path}: its export was not finished; run `trainer export` again, then send it")
        for number in places(reel.frames):
            try:
                reel.info(number)
                reel.packed(number)
            except BadFrame as error:
                raise ReelError(
                    f"{path}: frame {number} is damaged ({error.reason}); send it again"
                ) from None


def places(frames: int) -> list[int]:
    """At most PLACES frame numbers out of `frames`, evenly spread, with the first and the last."""
    if frames <= PLACES:
        return list(range(frames))
    return [place * (frames - 1) // (PLACES - 1) for place in range(PLACES)]

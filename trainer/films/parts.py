"""Where a film is taken apart, so that its parts can be dithered at the same time. Pure.

A part is a run of whole shots; its first frame is dithered as if nothing were shown, all others in closed
loop. The frames of a selection, counted before black ones are left out, lie in cells of `PART_FRAMES`. A part
begins with the first frame that is shown, and in every cell after the first with the first cut between two
frames of the cell that are shown. It bears the number of its cell, and ends where the next one begins. So
whoever looks at a film from the beginning of a cell on finds the same parts as one who has seen all of it.

Why not every shot by itself: at a cut the closed loop still keeps pixels that happen to be right, which a
fresh dither does not, and flips far fewer (benchmarks/export_scale.py).
"""

PART_FRAMES = 512


def cell_of(index: int) -> int:
    """The cell in which the frame lies that is the `index`-th of its selection, from 0."""
    return index // PART_FRAMES


class Parts:
    """Tells where parts begin, of frames that are given in order: from the beginning of the selection on
    (`whole`), or from that of any cell.
    """

    def __init__(self, whole: bool) -> None:
        self._cell: int | None = None  # of the frame before
        self._begun = False  # whether a part has begun in that cell
        self._first = whole

    def begins(self, index: int, cut: bool) -> int | None:
        """The number of the part that begins with the next frame that is shown, the `index`-th of the
        selection, `cut` telling whether a cut lies before it. None where no part begins.
        """
        cell = cell_of(index)
        inside = cell == self._cell
        if not inside:
            self._cell, self._begun = cell, cell == 0
        if self._first:
            self._first = False
            return 0
        if not (inside and cut) or self._begun:
            return None
        self._begun = True
        return cell

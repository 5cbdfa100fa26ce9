"""`trainer preview`: several dithers of the same frames side by side, as a page, an animation or a sheet.

`previews/comparison.py` makes the dithers. What is drawn from them is the work of the other modules there:
each takes the moments of a `Comparison` one by one, keeps what it needs, and returns the finished file.
"""

from collections.abc import Callable
from pathlib import Path

from trainer.errors import OptionError
from trainer.previews.comparison import Comparison
from trainer.previews.view import View


def _sheet(comparison: Comparison, view: View) -> bytes:
    from trainer.previews.sheet import sheet

    return sheet(comparison, view)


def _gif(comparison: Comparison, view: View) -> bytes:
    from trainer.previews.animation import gif

    return gif(comparison, view)


def _mp4(comparison: Comparison, view: View) -> bytes:
    from trainer.previews.video import mp4

    return mp4(comparison, view)


def _page(comparison: Comparison, view: View) -> bytes:
    from trainer.previews.page import page

    return page(comparison, view)


KINDS: dict[str, Callable[[Comparison, View], bytes]] = {
    ".html": _page,
    ".gif": _gif,
    ".mp4": _mp4,
    ".png": _sheet,
}
"""What a preview can be, by the ending of its file."""


def kind_of(path: Path) -> str:
    """The ending of `path` that says what to make; OptionError for any other."""
    kind = path.suffix.lower()
    if kind not in KINDS:
        raise OptionError(f"--out {path}: end its name in {', '.join(KINDS)}, which says what to make")
    return kind

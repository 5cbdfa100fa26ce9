"""`trainer export`: a film becomes a reel.

Three stages overlap, the first two in threads of their own: decode and tone; dither; compress and write.
Dithering is closed loop: every frame sees the dither before it, as it will really be shown. An export
that was cut short goes on after the last frame in the reel. Whatever decides a dither (the dither before
it, the levels, every option) is in the reel, so the frames that follow are the same as if it had never
stopped.
"""

import json
from collections.abc import Callable, Generator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from player.reel import FrameInfo, ReelWriter
from trainer import dithers
from trainer.ahead import ahead
from trainer.dithers import Ditherer
from trainer.films import Film
from trainer.selection import Selected, Selection
from trainer.tones import Tones


@dataclass(frozen=True)
class Summary:
    """What an export came to: frames in the reel, those of them that were there before, flips per frame
    (share).
    """

    frames: int
    there_before: int
    flips: float


def export(
    film: Film,
    reel: Path,
    *,
    selection: Selection,
    tones: Tones,
    dither: str,
    dial: float | None = None,
    settings: Mapping[str, Any] | None = None,
    overwrite: bool = False,
    report: Callable[[FrameInfo], None] = lambda info: None,
) -> Summary:
    """Write the selected frames of the film, dithered, to the reel; `report` is called after each.

    `settings` are the dither's own (`dithers.make`); those that are paths go into the reel by their content.
    Goes on with an interrupted export of the same film and options, and does nothing to a complete one.
    Raises OptionError, FilmError and player.reel.ReelError; a reel that got no frame at all is not left
    behind.
    """
    ditherer = dithers.make(dither, dial, **(settings or {}))
    width, height = tones.size
    meta = describe(film, selection, tones, dither, dial)
    own = dict(settings or {})
    if "weights" in dithers.DITHERS[dither].settings:
        own.setdefault("weights", None)  # those that ship, which another version of the tool may exchange
    if own:
        meta["dither_settings"] = json.dumps(plain(own), sort_keys=True)
    with ReelWriter(reel, meta, width, height, overwrite=overwrite) as writer:
        before, flips = writer.frames, 0
        try:
            if not writer.complete:
                after = writer.last_info.film_frame if writer.last_info else None
                selected = ahead(selection.frames(film, tones, after, before))
                with closing(ahead(_dithered(selected, ditherer, writer.last))) as dithered:
                    for frame, shown in dithered:
                        info = writer.append(shown, frame.time_ms, frame.number, frame.cut)
                        flips += info.flips
                        report(info)
                writer.finish()
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                writer.commit()
            if writer.frames == 0:
                writer.close()
                with suppress(OSError):
                    reel.unlink()
            raise
        added = writer.frames - max(before, 1)
        return Summary(writer.frames, before, flips / added / (width * height) if added > 0 else 0.0)


def _dithered(
    selected: Generator[Selected, None, None], ditherer: Ditherer, shown: NDArray[np.uint8] | None
) -> Generator[tuple[Selected, NDArray[np.uint8]], None, None]:
    """Each frame with its dither, the one before it being what is shown."""
    with closing(selected):
        for frame in selected:
            shown = frame.dithered(ditherer, shown)
            yield frame, shown


def plain(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as plain values: for the weights, wherever they lie, their hash.

    TrainerError for weights that cannot be read.
    """
    from trainer.weights import digest

    return {key: digest(value) if key == "weights" else value for key, value in settings.items()}


def describe(
    film: Film, selection: Selection, tones: Tones, dither: str, dial: float | None
) -> dict[str, str]:
    """What the reel says of itself, and what must be the same for an interrupted export to go on."""
    selected = selection.as_dict()
    subtitles = {"subtitles": selected.pop("subtitles")} if selection.subtitles else {}
    return {
        "film": film.name,
        "film_bytes": str(film.size),
        "film_duration_ms": "unknown" if film.duration_ms is None else str(film.duration_ms),
        "film_rate": f"{film.rate:g}",
        "selection": json.dumps(selected),
        **subtitles,
        "tones": json.dumps(tones.as_dict()),
        "dither": dither,
        "dial": "default" if dial is None else f"{dial:g}",
        "tool": f"longtake {version('longtake')}",
    }

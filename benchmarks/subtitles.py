"""What dithers do to letters: `python benchmarks/subtitles.py FILM SUBTITLES [WxH]` (default 724x536).

Subtitles are put into the frame and then, so that they stay crisp, into its dither. For each dither this
prints the share of the letters' pixels (with their outline) that are wrong if they are put into the frame
alone, the share that flips while the same letters stand, and the flips of the whole picture with and without
subtitles. A stretch of 48 frames from the first subtitle on, every 8th of the film.
"""

from pathlib import Path

import numpy as np
from command import begin, usage

from trainer.commands.film import parse_size
from trainer.dithers import table as dithers
from trainer.films.film import Film
from trainer.films.selection import Selected, Selection
from trainer.films.stretches import Stretch
from trainer.films.subtitles import SubtitleRenderer, read_subtitles
from trainer.films.times import FilmTime
from trainer.films.tones import Tones

COUNT, EVERY = 48, 8


def measured(frames: list[Selected], name: str, kept: bool) -> tuple[float, float, float]:
    """Shares of wrong pixels in letters, of flips in letters that stand, of flips in all; in %.

    `kept`: the letters are put into the dithers too.
    """
    ditherer, before = dithers.make(name), None
    wrong, still, flips = [], [], []
    made = Stretch(tuple(frames)).dithers(ditherer) if kept else ditherer(frame.frame for frame in frames)
    for number, (frame, shown) in enumerate(zip(frames, made, strict=True)):
        letters = frame.letters
        if letters is not None:
            wrong.append(np.mean((shown != letters.white)[letters.all]))
        if before is not None:
            flips.append(np.mean(shown != before))
            if letters is not None and letters is frames[number - 1].letters:
                still.append(np.mean((shown != before)[letters.all]))
        before = shown
    return tuple(100 * float(np.mean(shares)) if shares else 0.0 for shares in (wrong, still, flips))


def main() -> int:
    parser = usage(__doc__)
    parser.add_argument("film")
    parser.add_argument("subtitles", type=Path)
    parser.add_argument("size", nargs="?", default="724x536", metavar="WxH")
    args = parser.parse_args()
    tones = Tones(size=parse_size(args.size))
    with Film(args.film) as film:
        subtitles = read_subtitles(args.subtitles, film.rate)
        chosen = {"start": FilmTime(subtitles.all[0].start_ms), "every": EVERY, "count": COUNT}
        frames = list(Selection(**chosen, subtitles=SubtitleRenderer(subtitles)).frames(film, tones))
        bare = list(Selection(**chosen).frames(film, tones))
    print("                 in the frame alone       in the dither too       no subtitles")
    print("                   wrong  of them      all    wrong  of them      all      all flips")
    for name in dithers.DITHERS:
        alone, kept = measured(frames, name, False), measured(frames, name, True)
        cells = [f"{share:6.2f}%" for share in (*alone, *kept, measured(bare, name, True)[2])]
        print(f"{name:16}", "  ".join(f"{cell:>7}" for cell in cells))
    return 0


if __name__ == "__main__":
    begin(main)

"""How well the cuts of a film are found: `python benchmarks/cuts.py FILM CUTS [FILM CUTS ...]`.

CUTS is a list of times in seconds, `2.00,5.12,10.75`. Prints precision and recall over all films, of `is_cut`
and, for comparison, of the z-score rule on the mean difference of pixels; for every frame and for every few.
A cut counts as found when the first frame after it is marked; the times may be off by one frame.
"""

import numpy as np
from command import begin, usage

from trainer.films.cuts import cuts_by_z_score, is_cut
from trainer.films.film import Film

STEPS = (1, 4, 12, 24)


def marks(path: str, every: int) -> tuple[list[float], list[bool], list[bool], float]:
    """Times (s) of the frames after the first, what each rule says of them, and the time of a frame (s)."""
    times, by_pair, differences = [], [], []
    with Film(path) as film:
        before = None
        for frame in film.frames(every=every):
            if before is not None:
                times.append(frame.time_ms / 1000)
                by_pair.append(is_cut(before, frame.image))
                differences.append(float(np.abs(frame.image.astype(np.int16) - before).mean()))
            before = frame.image
        return times, by_pair, [bool(mark) for mark in cuts_by_z_score(np.array(differences))], 1 / film.rate


def score(times: list[float], found: list[bool], cuts: list[float], slack: float) -> tuple[int, int, int]:
    """Cuts found, marks that are no cut, cuts missed. A mark stands for one cut in its interval."""
    right = wrong = 0
    left = sorted(cuts)
    previous = 0.0
    for time, mark in zip(times, found, strict=True):
        inside = [cut for cut in left if previous - slack <= cut <= time + slack]
        if mark and inside:
            right += 1
            left = [cut for cut in left if cut not in inside]
        elif mark:
            wrong += 1
        previous = time
    return right, wrong, len(left)


def main() -> None:
    parser = usage(__doc__)
    parser.add_argument("arguments", nargs="+", metavar="FILM CUTS")
    arguments = parser.parse_args().arguments
    if len(arguments) % 2:
        parser.error("every FILM needs its CUTS")
    pairs = zip(arguments[::2], arguments[1::2], strict=True)
    films = [(path, [float(cut) for cut in cuts.split(",")]) for path, cuts in pairs]
    for every in STEPS:
        totals = np.zeros((2, 3), int)
        for path, cuts in films:
            times, by_pair, by_z_score, frame = marks(path, every)
            totals[0] += score(times, by_pair, cuts, frame)
            totals[1] += score(times, by_z_score, cuts, frame)
        for name, (right, wrong, missed) in zip(("is_cut", "z-score"), totals, strict=True):
            precision, recall = right / max(1, right + wrong), right / max(1, right + missed)
            figures = f"precision {precision:.2f}  recall {recall:.2f}  ({right} found)"
            print(f"every {every:2}  {name:8} {figures}")


if __name__ == "__main__":
    begin(main)

"""`trainer sweep FILM... --out DIR`."""

import argparse
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from typing import Any

from trainer.commands.fit_options import add_sweep_options
from trainer.commands.output import print_out, progress_bar
from trainer.commands.sweep_choice import choose_members, named
from trainer.commands.sweep_table import said, written
from trainer.commands.sweep_training import Trained, train
from trainer.commands.training import command_of, read
from trainer.errors import OptionError, TrainerError
from trainer.films.film import Film
from trainer.films.selection import (
    Selected,
    Selection,
)
from trainer.films.times import (
    FrameNumber,
    parse_place,
)
from trainer.films.tones import Tones
from trainer.machine import describe
from trainer.sweep.folder import SweepFolder
from trainer.sweep.held_out import (
    WithoutStretch,
    stretch_of,
)
from trainer.sweep.plot import draw_sweep
from trainer.sweep.scores import (
    SIZE,
    Point,
    front,
    over_hysteresis,
    score,
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """What `trainer sweep` is given."""
    parser.description = (
        "Train a generator for every combination of the listed values, all at once, and say which are worth "
        "most on frames that none was trained on. Where the help has X,.. several values may be listed."
    )
    parser.epilog = (
        "example: trainer sweep film.mp4 --out sweep --rate 1e-3,3e-3,1e-2 --seed 0,1 trains six; "
        "then trainer export film.mp4 film.reel --dither generator --weights sweep/members/03"
    )
    parser.add_argument("film", metavar="FILM", nargs="+", help="what to train on, and to score on")
    parser.add_argument("--out", metavar="DIR", required=True, help="a new folder for all results")
    add_sweep_options(parser)


def run(options: argparse.Namespace) -> int:
    """Sweep with progress bars on stderr, and tables on stdout."""
    members, names = choose_members(options)
    folder = SweepFolder(Path(options.out))
    start = None if options.test_start is None else parse_place(options.test_start)
    films = [Film(path) for path in options.film]
    stretches = [stretch_of(film, start, options.test_count) for film in films]
    tests = [_frames(film, stretch) for film, stretch in zip(films, stretches, strict=True)]
    rest = [WithoutStretch(film.path, stretch) for film, stretch in zip(films, stretches, strict=True)]
    # A fit with these settings would read the same bursts of the same frames.
    bursts = read(rest, members[0])

    about: dict[str, Any] = {
        "films": [[film.name, film.size] for film in films],
        "held_out": [[stretch.start, stretch.stop] for stretch in stretches],
        "budget": {"steps": options.steps},
        "tool": f"longtake {version('longtake')}",
        "command": command_of(options),
    }
    folder.begin({**about, "members": [settings.as_dict() for settings in members]})
    trained = train(members, bursts, options.steps, folder, about)
    if not trained.weights:
        reasons = "; ".join(sorted(set(trained.lost.values())))
        raise TrainerError(f"all members are lost ({reasons}); sweep a lower --rate")

    with progress_bar("score", sum(len(frames) for frames in tests)) as advance:
        points = score(tests, trained.weights, lambda done: advance(done, "frames"))
    differs = [named(settings, names) for settings in members]
    folder.write("scores.json", _scores(points, trained))
    folder.write("front.png", draw_sweep(points, {n: said(differs[n]) for n in trained.weights}))
    print_out(lambda: written(points, differs, trained.losses, trained.lost, folder.folder))
    return 0


def _frames(film: Film, stretch: range) -> list[Selected]:
    """The frames of a stretch as they are scored; OptionError where the film ends before it does."""
    selection = Selection(start=FrameNumber(stretch.start), end=FrameNumber(stretch.stop))
    with closing(selection.frames(film, Tones(size=SIZE))) as frames:
        found = list(frames)
    if len(found) < len(stretch):
        raise OptionError(f"{film.name} ends before frame {stretch.stop}; give an earlier --test-start")
    return found


def _scores(points: list[Point], trained: Trained) -> dict[str, Any]:
    """For scores.json; numbers of members are keys, so text."""
    return {
        "size_px": SIZE,
        "points": [point.as_dict() for point in points],
        "over_hysteresis_db": {
            number: {f"s{eye}": over_hysteresis(points, number, eye) for eye in points[0].psnr}
            for number in trained.weights
        },
        "front": [[point.member, point.dial] for point in front(points)],
        "lost": trained.lost,
        "machine": describe(),
    }

"""`trainer sweep FILM... --out DIR`."""

import argparse
from collections.abc import Mapping, Sequence
from contextlib import closing
from itertools import product
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table

from trainer.commands.fit import command_of, read
from trainer.commands.output import grid, print_out, progress_bar, table_console
from trainer.errors import OptionError, TrainerError
from trainer.films.times import FrameNumber, parse_place
from trainer.fit.settings import CommonSettings, add_table, all_rows, flag, settings_of

if TYPE_CHECKING:
    from trainer.films.film import Film
    from trainer.films.selection import Selected
    from trainer.sweep import Point, Trained

MOST = 64
"""Members of a sweep."""


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
    parser.add_argument(
        "--steps", type=int, metavar="N", default=1000, help="updates of each member; default 1000"
    )
    parser.add_argument(
        "--test-start",
        metavar="PLACE",
        help="where in each film the frames begin that are kept from training and scored: a frame number "
        "(250) or a time (12.5s, 4:05); default: three quarters into it",
    )
    parser.add_argument(
        "--test-count", type=int, metavar="N", default=24, help="how many frames that is; default 24"
    )
    add_table(parser, lists=True)


def run(args: argparse.Namespace) -> int:
    """Sweep, with progress bars on stderr and tables on stdout."""
    from importlib.metadata import version

    from trainer import sweep
    from trainer.films.film import Film

    members, names = choose_members(args)
    folder = sweep.SweepFolder(Path(args.out))
    start = None if args.test_start is None else parse_place(args.test_start)
    films = [Film(path) for path in args.film]
    held_out = [sweep.held_out_frames(film, start, args.test_count) for film in films]
    tests = [_frames(film, numbers) for film, numbers in zip(films, held_out, strict=True)]
    rest = [sweep.WithoutHeldOut(film.path, numbers) for film, numbers in zip(films, held_out, strict=True)]
    # A fit with these settings would read the same clips of the same frames.
    clips = read(rest, members[0])

    about: dict[str, Any] = {
        "films": [[film.name, film.size] for film in films],
        "held_out": [[numbers.start, numbers.stop] for numbers in held_out],
        "budget": {"steps": args.steps},
        "tool": f"longtake {version('longtake')}",
        "command": command_of(args),
    }
    folder.begin({**about, "members": [settings.as_dict() for settings in members]})
    with progress_bar(f"sweep {len(members)}", args.steps) as advance:
        trained = sweep.train(members, clips, args.steps, folder, about, advance)
    if not trained.weights:
        reasons = "; ".join(sorted(set(trained.lost.values())))
        raise TrainerError(f"all members are lost ({reasons}); sweep a lower --rate")

    with progress_bar("score", sum(len(frames) for frames in tests)) as advance:
        points = sweep.score(tests, trained.weights, lambda done: advance(done, "frames"))
    differs = [{name: settings.as_dict()[name] for name in names} for settings in members]
    folder.write("scores.json", _scores(points, trained))
    folder.write("front.png", sweep.draw_sweep(points, {n: said(differs[n]) for n in trained.weights}))
    print_out(lambda: written(points, differs, trained, folder.folder))
    return 0


def choose_members(args: argparse.Namespace) -> tuple[list[CommonSettings], list[str]]:
    """The settings of every member, for every combination of the listed values, and the names of those that
    differ. The last list, the seeds, changes first from member to member. OptionError.
    """
    given = vars(args)
    swept = [name for name, row in all_rows().items() if row.sweep and given.get(name) is not None]
    swept.sort(key=lambda name: name == "seed")  # the last
    lists: dict[str, Sequence[Any]] = {name: given[name] for name in swept}
    for name, values in lists.items():
        for value in values:
            if values.count(value) > 1:
                raise OptionError(f"{flag(name)}: {value} is given twice; leave one out")
    count = prod(len(values) for values in lists.values())
    if count > MOST:
        raise OptionError(
            f"these lists make {count} members, and a sweep has at most {MOST}; leave values out"
        )
    if count < 2:
        raise OptionError(
            "nothing differs: list several values, as in --rate 1e-3,3e-3, or use `trainer fit` for one"
        )
    if args.steps < 1:
        raise OptionError(f"--steps {args.steps}: make 1 update or more")
    members = [
        settings_of(argparse.Namespace(**{**given, **dict(zip(lists, values, strict=True))}))
        for values in product(*lists.values())
    ]
    if len({settings.has_critic for settings in members}) > 1:
        raise OptionError(
            "--critic-weight: 0 leaves the critic out, another program; give 0 a sweep of its own"
        )
    return members, [name for name, values in lists.items() if len(values) > 1]


def _frames(film: "Film", numbers: range) -> "list[Selected]":
    """The held-out frames as they are scored; OptionError where the film ends before them."""
    from trainer.films.selection import Selection
    from trainer.films.tones import Tones
    from trainer.sweep import SIZE

    selection = Selection(start=FrameNumber(numbers.start), end=FrameNumber(numbers.stop))
    with closing(selection.frames(film, Tones(size=SIZE))) as frames:
        found = list(frames)
    if len(found) < len(numbers):
        raise OptionError(f"{film.name} ends before frame {numbers.stop}; give an earlier --test-start")
    return found


def _scores(points: "list[Point]", trained: "Trained") -> dict[str, Any]:
    """For scores.json; members are keys, so text."""
    from trainer.machine import describe
    from trainer.sweep import SIZE, front, over_hysteresis

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


_NOTES = """\
over hyst.: dB over Floyd-Steinberg with hysteresis at as many flips, the mean
over the dials, by which the members are sorted (S 6000); flips and dB are
those of the middle dial. * marks dials on the front (S 6000): no other point
has as few flips and as many dB. All of the network alone, without polish, on
frames it was not trained on.
"""


def written(
    points: "Sequence[Point]", differs: Sequence[Mapping[str, Any]], trained: "Trained", folder: Path
) -> str:
    """The tables: the members by what they are worth, what befell the lost ones, and the front.

    `differs`: what each member has of its own.
    """
    from trainer.sweep import front

    console = table_console()
    with console.capture() as text:
        console.print(_members(points, differs, trained.losses))
        for number, what in sorted(trained.lost.items()):
            console.print(f"{number:02d} ({said(differs[number])}) is lost: {what}")
        console.print("\nthe front of all\n", style="bold")
        console.print(_front(points, differs), "")
        console.print(_NOTES, end="")
        example = front(points)[-1].member
        console.print(
            f"{folder}: front.png, scores.json; a member is used with --dither generator --weights "
            f"{folder}/members/{example:02d}",
            soft_wrap=True,
        )
    return text.get()


def said(differs: Mapping[str, Any]) -> str:
    """What a member has of its own, in words: `rate 0.001, seed 2`."""
    return ", ".join(f"{flag(name)[2:]} {_short(value)}" for name, value in differs.items())


def _short(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _members(
    points: "Sequence[Point]", differs: Sequence[Mapping[str, Any]], losses: Mapping[int, float]
) -> Table:
    from trainer.sweep import front, over_hysteresis

    names, eyes = list(differs[0]), _eyes()
    over = [f"over hyst.\nS {eye}" for eye in eyes]
    own_heads = ["\n" + flag(name)[2:] for name in names]
    table = grid(["\nno.", *own_heads, "last\nloss", *over, *_heads(eyes), "\nfront"], ["\nfront"])
    best = front(points)
    numbers = {point.member for point in points if point.member is not None}
    worth = {number: [over_hysteresis(points, number, eye) for eye in eyes] for number in numbers}
    for number in sorted(numbers, key=lambda number: (-worth[number][0], number)):
        own = [point for point in points if point.member == number]
        on = [point for point in own if point in best]
        table.add_row(
            f"{number:02d}",
            *(_short(differs[number][name]) for name in names),
            f"{losses[number]:.4f}",
            *(f"{decibels:+.2f}" for decibels in worth[number]),
            *_figures(own[len(own) // 2], eyes),
            " ".join("*" if point.dial is None else f"{point.dial:g}*" for point in on),
        )
    return table


def _front(points: "Sequence[Point]", differs: Sequence[Mapping[str, Any]]) -> Table:
    from trainer.sweep import front

    eyes = _eyes()
    table = grid([*_heads(eyes), "\ndial", "\nno.", "\nsettings"], ["\nsettings"])
    for point in front(points):
        assert point.member is not None
        dial = "-" if point.dial is None else f"{point.dial:g}"
        table.add_row(*_figures(point, eyes), dial, f"{point.member:02d}", said(differs[point.member]))
    return table


def _eyes() -> list[int]:
    """The eyes, the one that ranks first."""
    from trainer.dithers.eye import EYES
    from trainer.sweep import EYE

    return sorted(EYES, key=lambda eye: eye != EYE)


def _heads(eyes: Sequence[int]) -> list[str]:
    return ["flips\n%", *(f"dB at\nS {eye}" for eye in eyes)]


def _figures(point: "Point", eyes: Sequence[int]) -> list[str]:
    return [f"{100 * point.flips:.2f}", *(f"{point.psnr[eye]:.2f}" for eye in eyes)]

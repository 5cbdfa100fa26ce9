"""The command line of the workstation: `trainer export` and what else turns a film into a reel.

A command's work is imported when it is called. What a user can cause ends in one line on stderr and exit
code 2.
"""

import argparse
import logging
import os
import sys
from collections.abc import Sequence

from player.errors import PlayerError
from trainer.commands import options
from trainer.dithers.table import DEFAULT
from trainer.errors import TrainerError
from trainer.fit import settings as fit_settings


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line that leads to the help, without printing all of the usage."""

    def error(self, message: str) -> None:  # type: ignore[override]
        self.exit(2, f"{self.prog}: {message}; see `{self.prog} --help`\n")


def parser() -> argparse.ArgumentParser:
    """All commands with their options."""
    top = _Parser(prog="trainer", description="Turn a film into a reel: dithers that change few pixels.")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=_Parser)

    export = commands.add_parser(
        "export",
        help="turn a film into a reel that `player` shows",
        description="Turn a film into a reel. Killed and started again, it goes on where it stopped.",
        epilog="example: trainer export film.mp4 film.reel --start 1:30 --levels auto",
    )
    export.add_argument("film", metavar="FILM", help="any film that OpenCV opens: mp4, mkv, webm, avi, mov")
    export.add_argument("reel", metavar="REEL", help="the file to write, for example film.reel")
    options.add_dither_options(export)
    export.add_argument("--overwrite", action="store_true", help="replace a reel that holds another export")
    options.add_worker_options(export)
    options.add_film_options(export)
    export.set_defaults(run=_export)

    evaluate = commands.add_parser(
        "evaluate",
        help="measure dithers on films: quality, flips, redraws, texture",
        description="Measure what dithers are worth, each as the panel would show it: tables, JSON, charts.",
        epilog="example: trainer evaluate film.mp4 --dither mask --dither hysteresis:0.3 --plot film.png",
    )
    evaluate.add_argument(
        "film", metavar="FILM", nargs="+", help="one film or more; several get a median too"
    )
    evaluate.add_argument(
        "--dither",
        action="append",
        metavar="NAME[:DIAL]",
        help="a dither to measure, with its dial from 0 to 1 or at its own; again for each; "
        f"default: floyd-steinberg and {DEFAULT}",
    )
    evaluate.add_argument(
        "--json", metavar="FILE", help="everything, frame by frame too; - prints it instead"
    )
    evaluate.add_argument(
        "--plot",
        metavar="FILE",
        help="charts, in a .png, .svg or .pdf: quality against flips, cuts and redraws",
    )
    rule = evaluate.add_argument_group("the player's redraw rule")
    rule.add_argument(
        "--threshold", type=float, default=0.064, metavar="SHARE", help="of the pixels; default 0.064"
    )
    rule.add_argument("--cooldown", type=int, default=20, metavar="N", help="frames between two; default 20")
    rule.add_argument(
        "--darkened-only", action="store_true", help="count only pixels gone from white to black"
    )
    rule.add_argument("--interval", type=float, default=200, metavar="S",
                      help="seconds a frame stands, for the redraw once a day; default 200")  # fmt: skip
    options.add_own_options(evaluate)
    options.add_film_options(evaluate)
    evaluate.set_defaults(run=_evaluate)

    preview = commands.add_parser(
        "preview",
        help="see dithers side by side: a page, an animation, a contact sheet",
        description="See what the panel will do: dithers of the same frames beside each other, pixel for "
        "pixel. Without --count and --end: 48 frames.",
        epilog="example: trainer preview film.mp4 --start 1:30 --out preview.html "
        "--dither floyd-steinberg --dither hysteresis:0.3",
    )
    preview.add_argument("film", metavar="FILM", help="any film that OpenCV opens: mp4, mkv, webm, avi, mov")
    preview.add_argument("--out", metavar="FILE", required=True,
                         help="what to make: .html, a page that works offline, to scrub, switch and compare; "
                         ".gif, exact; .mp4 (VP9), lossy but close; .png, a contact sheet with what changed "
                         "in red and blue")  # fmt: skip
    preview.add_argument("--dither", action="append", metavar="NAME[:DIAL]",
                         help="a dither to show, with its dial from 0 to 1 or at its own; again for each, 9 "
                         f"at most; default: floyd-steinberg and {DEFAULT}")  # fmt: skip
    preview.add_argument("--crop", metavar="WxH[+X+Y]",
                         help="what to show of the panel, pixel for pixel; default 400x300 in the middle; "
                         "the page holds all of the panel and begins there")  # fmt: skip
    preview.add_argument("--show", choices=("glass", "dither"),
                         help="the simulated glass, with ghosts and redraws, or the bare dither; default: "
                         "dither for .png, glass for all else")  # fmt: skip
    preview.add_argument("--fps", type=float, default=8, metavar="N", help="frames per second; default 8")
    options.add_own_options(preview)
    options.add_film_options(preview)
    preview.set_defaults(run=_preview)

    fit = commands.add_parser(
        "fit",
        help="train the generator on films",
        description="Train the generator on films: RUN gets its weights, figures and checkpoints.",
        epilog="example: trainer fit film.mp4 --out run --minutes 10; "
        "then trainer export film.mp4 film.reel --dither generator --weights run",
    )
    fit.add_argument("film", metavar="FILM", nargs="+", help="what to train on: best the film to be shown")
    fit.add_argument("--out", metavar="RUN", required=True, help="a new folder for all results")
    fit.add_argument("--resume", action="store_true", help="go on with the run in RUN, by the same command")
    fit_settings.add_fit_options(fit)
    fit.set_defaults(run=_fit)

    bench = commands.add_parser(
        "bench",
        help="measure this machine: training, and exports with each dither",
        description="Measure how fast this machine trains and exports, and say where the time of an export "
        "goes and what a whole film would take. Takes a minute or two; needs no film.",
        epilog="example: trainer bench; trainer bench --film film.mp4 --start 1:30 --dither search:0.3",
    )
    options.add_bench_options(bench)
    options.add_own_options(bench)
    bench.set_defaults(run=_bench)

    sweep = commands.add_parser(
        "sweep",
        help="train many generators at once with different settings, and compare them",
        description="Train a generator for every combination of the listed values, all at once, and say "
        "which are worth most on frames that none was trained on. Where the help has X,.. several values may "
        "be listed.",
        epilog="example: trainer sweep film.mp4 --out sweep --rate 1e-3,3e-3,1e-2 --seed 0,1 trains six; "
        "then trainer export film.mp4 film.reel --dither generator --weights sweep/members/03",
    )
    sweep.add_argument("film", metavar="FILM", nargs="+", help="what to train on, and to score on")
    sweep.add_argument("--out", metavar="DIR", required=True, help="a new folder for all results")
    fit_settings.add_sweep_options(sweep)
    sweep.set_defaults(run=_sweep)
    return top


_NEXT = {
    "export": "the same command goes on from there",
    "fit": "the same command with --resume goes on from the last checkpoint, if there is one",
    "sweep": "the weights so far, if any, are in its folder; to sweep again, name another --out",
}
"""What to do after Ctrl-C."""


def _export(words: argparse.Namespace) -> int:
    from trainer.commands.export import run

    return run(words)


def _evaluate(words: argparse.Namespace) -> int:
    from trainer.commands.evaluate import run

    return run(words)


def _preview(words: argparse.Namespace) -> int:
    from trainer.commands.preview import run

    return run(words)


def _fit(words: argparse.Namespace) -> int:
    from trainer.commands.fit import run

    return run(words)


def _bench(words: argparse.Namespace) -> int:
    from trainer.commands.bench import run

    return run(words)


def _sweep(words: argparse.Namespace) -> int:
    from trainer.commands.sweep import run

    return run(words)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code: 0, 2 for a user's error, 130 for Ctrl-C."""
    words = parser().parse_args(arguments)
    words.command_line = list(sys.argv[1:] if arguments is None else arguments)
    logging.basicConfig(format="trainer: %(message)s", level=logging.WARNING)
    try:
        return int(words.run(words))
    except (TrainerError, PlayerError) as error:
        print(f"trainer: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"trainer: stopped; {_NEXT.get(words.command, 'nothing was written')}", file=sys.stderr)
        return 130


def program() -> None:
    """The command and the end of its process, which is at once after Ctrl-C: JAX, if it was interrupted while
    it compiled, crashes when the interpreter is taken down.
    """
    code = main()
    if code == 130 and "jax" in sys.modules:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


if __name__ == "__main__":
    program()

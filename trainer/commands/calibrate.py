"""`trainer calibrate PHOTO... --out panel.toml`."""

import argparse
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from trainer.commands.output import counted, print_out
from trainer.errors import OptionError

if TYPE_CHECKING:
    from player.profile import Profile
    from trainer.calibrate.measure import Estimate, Measured


def add_options(parser: argparse.ArgumentParser) -> None:
    """Describe `trainer calibrate` and add its options."""
    parser.description = (
        "Know your panel by a photograph of its chart (`player chart`, `python -m driver chart`): its "
        "ghosts, and how dithers mix to grey on it. Several photographs are combined."
    )
    parser.epilog = "example: trainer calibrate photo.jpg --out panel.toml"
    parser.add_argument(
        "photo", metavar="PHOTO", nargs="+", help="a photograph of all of the chart, as JPEG or PNG"
    )
    parser.add_argument("--out", metavar="FILE", required=True, help="the profile to write, like panel.toml")
    parser.add_argument(
        "--report", metavar="PNG", help="what was found, as a picture; default: beside the profile"
    )
    parser.add_argument(
        "--panel", metavar="NAME", help="the panel's name in the profile; default: by its size, if one has it"
    )
    parser.add_argument(
        "--contrast",
        metavar="N",
        type=float,
        help="white over black of the panel, if you know it: a photograph cannot tell it from reflections",
    )


def run(args: argparse.Namespace) -> int:
    """Write the profile and the report, and print what was found. TrainerError for a bad photograph."""
    from trainer.calibrate.measure import combine, read
    from trainer.calibrate.photograph import read_photograph
    from trainer.calibrate.report import report
    from trainer.files import check_result, write_whole

    out = Path(args.out)
    picture = out.with_suffix(".png") if args.report is None else Path(args.report)
    photos = [Path(photo) for photo in args.photo]
    if out.suffix != ".toml" or picture.suffix != ".png":
        raise OptionError(f"--out {out}: end its name in .toml, and that of a --report in .png")
    if args.contrast is not None and not 2 <= args.contrast <= 1000:
        raise OptionError(f"--contrast {args.contrast:g} is out of range: from 2 to 1000, like 15")
    check_result("--out", out)
    check_result("--report", picture)
    if picture.exists() and any(picture.samefile(photo) for photo in photos if photo.exists()):
        raise OptionError(f"--report {picture} is a photograph itself; name another file")
    measured = combine([read(read_photograph(photo)) for photo in photos])
    profile = _profile(measured, args.panel, args.contrast)
    write_whole(picture, report(measured, profile))
    write_whole(out, profile.as_toml().encode())
    print_out(lambda: _summary(measured, profile, out, picture))
    return 0


def _profile(measured: "Measured", name: str | None, contrast: float | None) -> "Profile":
    from driver.panel import PANELS
    from player.profile import Profile

    size = measured.readings[0].photograph.chart.size
    if name is None:
        of_size = [known for known, panel in PANELS.items() if panel.size == size]
        name = of_size[0] if len(of_size) == 1 else ""
    elif name not in PANELS:
        raise OptionError(f"--panel {name} is unknown; choose one of {', '.join(PANELS)}")
    return Profile(
        name,
        size,
        date.today(),
        max(0.0, measured.ghost.value),
        measured.ghost.spread,
        max(0.0, measured.ghost_white.value),
        measured.ghost_white.spread,
        measured.dot_gain.value,
        measured.tones,
        contrast,
    )


def _summary(measured: "Measured", profile: "Profile", out: Path, picture: Path) -> str:
    import numpy as np

    shares, shown = np.array(profile.tones).T
    middle = float(np.interp(0.5, shares, shown))
    names = [f"{reading.photograph.name}: {reading.verdict}" for reading in measured.readings]
    width, height = profile.size
    lines = [
        *names,
        f"panel of {width}x{height}, from {counted(len(names), 'photograph')}",
        f"ghost of a darkened pixel      {_written(measured.ghost)}",
        f"ghost of a lightened pixel     {_written(measured.ghost_white)}",
        f"half of the pixels white show  {middle:.3f}",
        f"dot gain at an edge            {round(profile.dot_gain, 3) + 0.0:.3f} pixels",
        f"{out}: the profile, for trainer export --panel {out}",
        f"{picture}: what was found; look at it",
    ]
    return "\n".join(lines) + "\n"


def _written(estimate: "Estimate") -> str:
    return f"{round(estimate.value, 3) + 0.0:.3f} +- {estimate.spread:.3f}"  # no -0.000

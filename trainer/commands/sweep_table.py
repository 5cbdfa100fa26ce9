"""The tables of `trainer sweep`: the members by what they are worth, and the front."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.table import Table

from trainer.commands.output import grid, table_console
from trainer.dithers.eye import EYES
from trainer.sweep.scores import (
    EYE,
    Point,
    front,
    over_hysteresis,
)

_NOTES = """\
over hyst.: dB over Floyd-Steinberg with hysteresis at as many flips, the mean
over the dials, by which the members are sorted (S 6000); flips and dB are
those of the middle dial. * marks dials on the front (S 6000): no other point
has as few flips and as many dB. All of the network alone, without polish, on
frames it was not trained on.
"""


def written(
    points: Sequence[Point],
    differs: Sequence[Mapping[str, Any]],
    losses: Mapping[int, float],
    lost: Mapping[int, str],
    folder: Path,
) -> str:
    """The tables, and what became of members that are lost; `differs` is what each member has of its own."""
    console = table_console()
    with console.capture() as text:
        console.print(_members(points, differs, losses))
        for number, what in sorted(lost.items()):
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
    return ", ".join(f"{name.replace('_', '-')} {value_of(value)}" for name, value in differs.items())


def value_of(value: Any) -> str:
    """A setting's value, short."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def _members(
    points: Sequence[Point], differs: Sequence[Mapping[str, Any]], losses: Mapping[int, float]
) -> Table:
    names = list(differs[0])
    table = grid(
        [
            "\nno.",
            *("\n" + name.replace("_", "-") for name in names),
            "last\nloss",
            *_over_heads(),
            *_heads(),
            "\nfront",
        ],
        ["\nfront"],
    )
    best = front(points)
    numbers = {point.member for point in points if point.member is not None}
    worth = {number: [over_hysteresis(points, number, eye) for eye in _eyes()] for number in numbers}
    for number in sorted(numbers, key=lambda number: (-worth[number][0], number)):
        own = [point for point in points if point.member == number]
        middle = own[len(own) // 2]
        on = [point for point in own if point in best]
        table.add_row(
            f"{number:02d}",
            *(value_of(differs[number][name]) for name in names),
            f"{losses[number]:.4f}",
            *(f"{decibels:+.2f}" for decibels in worth[number]),
            *_figures(middle),
            " ".join("*" if point.dial is None else f"{point.dial:g}*" for point in on),
        )
    return table


def _front(points: Sequence[Point], differs: Sequence[Mapping[str, Any]]) -> Table:
    table = grid([*_heads(), "\ndial", "\nno.", "\nsettings"], ["\nsettings"])
    for point in front(points):
        assert point.member is not None
        dial = "-" if point.dial is None else f"{point.dial:g}"
        table.add_row(*_figures(point), dial, f"{point.member:02d}", said(differs[point.member]))
    return table


def _eyes() -> list[int]:
    """The eye that ranks, first."""
    return sorted(EYES, key=lambda eye: eye != EYE)


def _heads() -> list[str]:
    return ["flips\n%", *(f"dB at\nS {eye}" for eye in _eyes())]


def _over_heads() -> list[str]:
    return [f"over hyst.\nS {eye}" for eye in _eyes()]


def _figures(point: Point) -> list[str]:
    return [f"{100 * point.flips:.2f}", *(f"{point.psnr[eye]:.2f}" for eye in _eyes())]

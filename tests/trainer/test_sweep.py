"""`trainer sweep`: its members are the fits they stand for, and what they are worth is told apart."""

import dataclasses
import io
import json
from contextlib import redirect_stdout
from itertools import count

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from tests.trainer.made_films import make_film
from trainer import sweep
from trainer.__main__ import main
from trainer.dithers.generator.weights import load
from trainer.errors import OptionError
from trainer.films.film import Film
from trainer.films.times import FilmTime, FrameNumber
from trainer.fit.data import LENGTH
from trainer.fit.settings import Settings, shape_of, stacked_hyper
from trainer.fit.train import rates, start, updates
from trainer.sweep import (
    Point,
    WithoutHeldOut,
    at_once,
    draw_sweep,
    front,
    held_out_frames,
    member,
    over_hysteresis,
    rates_of,
    starts,
    together,
)

pytestmark = pytest.mark.usefixtures("quickly_compiled")

TINY = Settings(channels=4, blocks=1, patch=16, batch=2, clips=2)
MEMBERS = [
    dataclasses.replace(TINY, seed=3, rate=0.02, momentum=0.8, temperature=2.0, clip_norm=0.5),
    dataclasses.replace(TINY, seed=2**31 - 1, rate=0.05, clip_norm=0.0, limit=4.0, schedule="linear"),
]
FRAMES, CLIPS = 24, 3
SWEEP = [
    "--channels",
    "4",
    "--blocks",
    "1",
    "--patch",
    "16",
    "--batch",
    "2",
    "--clips",
    "2",
    "--test-count",
    "4",
]


@pytest.fixture(scope="module")
def clips():
    rng = np.random.default_rng(0)
    return jnp.asarray(rng.integers(0, 256, (CLIPS, LENGTH, 32, 32), np.uint8))


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (FRAMES, 12, 20, 1)).repeat(8, 1).repeat(8, 2).repeat(3, 3)
    return str(make_film(tmp_path_factory.mktemp("films") / "blocks.avi", "FFV1", pictures.astype(np.uint8)))


@pytest.fixture(scope="module")
def swept(film, tmp_path_factory):
    """A sweep of three members, of which the second is taken for lost, on small frames: folder and stdout."""
    out, calls = tmp_path_factory.mktemp("sweeps") / "new" / "sweep", count()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(io.StringIO()) as said:
        patch.setattr(sweep, "SIZE", (80, 60))
        patch.setattr(sweep, "trouble", lambda *seen: ("a mess", "") if next(calls) == 1 else None)
        assert (
            main(["sweep", film, "--out", str(out), *SWEEP, "--rate", "0.01,0.02,0.03", "--steps", "3"]) == 0
        )
    return out, said.getvalue()


def test_a_member_is_the_fit_with_its_settings(clips):
    """By vmap and in turn: weights, optimiser, patches and losses of three updates. (No patch is replaced in
    these, since searches on the host make other dithers than those on the device.)
    """
    progress = np.arange(3) / 3
    everything = starts(MEMBERS, clips), clips, rates_of(MEMBERS, 0, progress)
    found = [way(stacked_hyper(MEMBERS), *everything) for way in (together(MEMBERS), at_once(TINY))]
    for number in range(2):
        alike(*(member(each, number) for each in found))
    own = MEMBERS[1]
    alone = updates(own)(start(own, clips), clips, rates(own, 0, progress))
    alike(member(found[0], 1), alone)
    kernels = [member(found[0], number)[0].params.generator["first"]["kernel"] for number in range(2)]
    assert not np.allclose(*(jax.tree.leaves(kernel)[0] for kernel in kernels), atol=0.1)

    # One that is lost does not touch the other.
    states, *rest = everything
    first = jax.tree.map(
        lambda leaf: leaf * np.array([np.nan, 1])[(..., *[None] * (leaf.ndim - 1))], states.params
    )
    broken = states._replace(params=jax.tree.map(lambda leaf: leaf.astype(np.float32), first))
    for way in (together(MEMBERS), at_once(TINY)):
        after = way(stacked_hyper(MEMBERS), broken, *rest)
        assert np.isnan(member(after, 0)[1].loss)
        alike(member(after, 1), alone)


def alike(one, other):
    """To float tolerance."""
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5), one, other)


def test_a_sweep_leaves_weights_figures_and_a_front(swept, film):
    out, said = swept
    settings = json.loads((out / "settings.json").read_text())
    assert [member["rate"] for member in settings["members"]] == [0.01, 0.02, 0.03]
    assert settings["held_out"] == [[18, 22]]
    rows = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    assert [(row["member"], row["step"]) for row in rows] == [(0, 3), (1, 3), (2, 3)]
    np.testing.assert_allclose([row["rate"] / rows[0]["rate"] for row in rows], [1, 2, 3], rtol=1e-6)
    assert not (out / "members" / "01" / "weights.npz").exists()
    weights = load(out / "members" / "02")
    assert weights.about["settings"]["rate"] == 0.03
    assert weights.about["updates"] == 3
    weights.network()
    scores = json.loads((out / "scores.json").read_text())
    assert {
        (point["member"], point["dial"]) for point in scores["points"] if point["member"] is not None
    } == {(number, dial) for number in (0, 2) for dial in (0.2, 0.5, 0.8)}
    assert "01 (rate 0.02) is lost: a mess, after 3 updates" in said
    assert f"--weights {out}/members/" in said
    with Image.open(out / "front.png") as picture:
        assert picture.width > 1000


def test_a_sweep_is_sorted_and_its_front_marked(swept):
    """The table's rows are those of scores.json: the best first, a star for each dial on the front."""
    out, said = swept
    scores = json.loads((out / "scores.json").read_text())
    worth = {int(number): eyes["s6000"] for number, eyes in scores["over_hysteresis_db"].items()}
    rows = [line.split() for line in said.split("the front of all")[0].splitlines()]
    table = [row for row in rows if row and row[0].isdigit() and row[1] != "(rate"]
    assert [int(row[0]) for row in table] == sorted(worth, key=lambda number: -worth[number])
    stars = {(int(row[0]), float(word[:-1])) for row in table for word in row if word.endswith("*")}
    assert stars == {(number, dial) for number, dial in scores["front"]}


def test_ctrl_c_leaves_the_weights_so_far(film, tmp_path, monkeypatch, capsys):
    """Interrupted at the second report, a sweep keeps what every member was at that time."""
    calls = count()

    def interrupted(step, *seen):
        if next(calls) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(sweep, "trouble", interrupted)
    words = ["sweep", film, "--out", str(tmp_path / "cut"), *SWEEP, "--rate", ".01,.02", "--steps", "60"]
    assert main(words) == 130
    assert "the weights so far" in capsys.readouterr().err
    assert load(tmp_path / "cut" / "members" / "01").about["updates"] == 60
    assert not (tmp_path / "cut" / "scores.json").exists()


def test_what_differs_in_numbers_alone_has_one_shape():
    assert shape_of(MEMBERS[0]) == shape_of(MEMBERS[1])
    others = [dataclasses.replace(TINY, critic_weight=weight) for weight in (0.001, 2.0, 0.0)]
    assert shape_of(others[0]) == shape_of(others[1]) == shape_of(TINY) != shape_of(others[2])
    assert shape_of(dataclasses.replace(TINY, batch=4)) != shape_of(TINY)


def test_members_that_one_program_cannot_serve_are_refused():
    """A setting that makes another program must not give all members the first one's value."""
    with pytest.raises(OptionError, match="cannot vary batch"):
        together([TINY, dataclasses.replace(TINY, batch=4)])
    with pytest.raises(OptionError, match="critic_weight"):
        together([TINY, dataclasses.replace(TINY, critic_weight=0.0)])


def point(member, flips, far, near=10.0, dial=0.5):
    return Point(member, dial, flips, {6000: far, 2000: near})


def test_the_front_holds_what_nothing_beats():
    points = [
        point(None, 0.01, 90.0), point(0, 0.01, 30.0), point(1, 0.02, 40.0), point(2, 0.03, 39.0),
        point(3, 0.02, 40.0), point(4, 0.005, 20.0), point(5, 0.01, 29.0),
    ]  # fmt: skip
    assert [best.member for best in front(points)] == [4, 0, 1, 3]


def test_quality_is_compared_at_equal_flips():
    """Hysteresis gains 10 dB for ten times the flips; beyond its ends the line is level."""
    line = [point(None, 0.01, 30.0), point(None, 0.1, 40.0)]
    own = [point(7, 10**-1.5, 37.0), point(7, 0.001, 29.0), point(7, 0.5, 41.0)]
    assert over_hysteresis([*line, *own[:1]], 7, 6000) == pytest.approx(2)
    assert over_hysteresis([*line, *own], 7, 6000) == pytest.approx((2 - 1 + 1) / 3)


def test_a_picture_shows_the_front_and_the_others():
    points = [point(None, 0.01, 30.0), point(None, 0.1, 40.0)]
    points += [point(n, 0.01 * 1.2**n, 30.0 + n * (-1) ** n, dial=d) for n in range(9) for d in (0.2, 0.8)]
    names = {n: f"rate {n}" for n in range(9)}
    fewer = [each for each in points if each.member != 5]
    assert draw_sweep(points, names) != draw_sweep(fewer, names)


def test_the_frames_to_score_are_kept_from_training(film):
    """Its frames are never read, all others are, with their own numbers."""
    opened = Film(film)
    held_out = held_out_frames(opened, FrameNumber(5), 4)
    assert list(held_out) == [5, 6, 7, 8]
    assert held_out_frames(opened, FilmTime(200), 4) == held_out
    rest = WithoutHeldOut(opened.path, held_out)
    assert [frame.number for frame in rest.frames()] == [n for n in range(FRAMES) if n not in held_out]
    assert rest.estimate() == FRAMES - 4
    assert list(held_out_frames(opened, None, 7)) == list(range(17, 24))
    for place, frames in ((None, 8), (FrameNumber(22), 4), (None, 1)):
        with pytest.raises(OptionError):
            held_out_frames(opened, place, frames)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], "nothing differs"),
        (["--rate", "1e-3"], "nothing differs"),
        (["--rate", "1e-3,0.001"], "--rate: 0.001 is given twice"),
        (["--rate", "1e-3,3"], "--rate 3: choose a learning rate"),
        (["--seed", ",".join(map(str, range(33))), "--rate", "1e-3,2e-3"], "66 members"),
        (["--objective", "v1", "--limit", "1,2"], "--limit: the objective v1 has none"),
        (["--critic-weight", "0", "--critic-rate", "1e-3,1e-2"], "there is no critic"),
        (["--critic-weight", "0,.01"], "a sweep of its own"),
        (
            ["--critic-weight", ".01,.02", "--clip", ".01,.1"],
            "--clip: that is for --adversary wasserstein-clip",
        ),
        (["--schedule", "cosine,step"], "--schedule step"),
        (["--seed", "0,1", "--steps", "0"], "--steps 0"),
        (["--seed", "0,1", "--test-count", "1"], "--test-count 1"),
        (["--seed", "0,1", "--test-start", "23"], "too few"),
        (["--seed", "0,1", "--test-start", "soon"], "no place in a film"),
        (["--seed", "0,1", "--patch", "128", "--half-resolution"], "too small for patches of 128"),
    ],
)
def test_what_cannot_be_swept_is_refused_in_one_line(film, tmp_path, capsys, options, words):
    start = ["--test-count", "4"] if "--test-count" not in options else []
    assert main(["sweep", film, "--out", str(tmp_path / "new"), *start, *options]) == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1
    assert not (tmp_path / "new").exists()


def test_a_list_that_is_none_or_a_folder_in_use_is_refused(film, tmp_path, capsys):
    with pytest.raises(SystemExit) as exit:
        main(["sweep", film, "--out", str(tmp_path), "--rate", "1e-3,,x"])
    assert exit.value.code == 2
    assert "write a value or several, like 1e-3,3e-3" in capsys.readouterr().err
    (tmp_path / "mine").touch()
    assert main(["sweep", film, "--out", str(tmp_path), "--rate", "1e-3,3e-3"]) == 2
    assert "is there already" in capsys.readouterr().err

"""`trainer fit`: it learns, it can be cut off and resumed to the same losses, it stops where it is lost."""

import io
import json
import os
import signal
import struct
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from tests.trainer.made_films import make_film
from trainer.__main__ import main
from trainer.dithers.generator.weights import load
from trainer.film_maker.unet import UNetSize
from trainer.fit.data import LENGTH

pytestmark = pytest.mark.usefixtures("quickly_compiled")

SMALL = ["--patch", "16", "--batch", "2", "--clips", "2", "--seed", "5"]
OWN = [*SMALL, "--channels", "4", "--blocks", "1", "--optimiser", "lamb", "--rate", ".01",
       *("--schedule", "linear", "--steps", "100")]  # fmt: skip
V3 = [*SMALL, "--objective", "v3", "--no-half-resolution", "--no-teacher-forcing",
      *("--channels", "8", "--rate", ".01", "--reconstruction", "bce"),
      *("--critic-weight", ".001", "--previous-weight", ".01", "--critic-steps", "1"),
      *("--overfit", "3", "--steps", "100")]  # fmt: skip


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    noise = np.random.default_rng(0).integers(0, 256, (LENGTH, 96, 160, 1)).repeat(3, 3).astype(np.uint8)
    return str(make_film(tmp_path_factory.mktemp("films") / "noise.avi", "FFV1", noise))


@pytest.fixture(scope="module")
def whole(film, tmp_path_factory):
    """A run of 100 updates by lamb, with a critic, that was never cut off."""
    out = tmp_path_factory.mktemp("runs") / "whole"
    assert main(["fit", film, "--out", str(out), "--tensorboard", *OWN]) == 0
    return out


@pytest.fixture(scope="module")
def overfitted(film, tmp_path_factory):
    """A run of v3 on one frame of noise, in closed loop with a critic."""
    out = tmp_path_factory.mktemp("runs") / "overfitted"
    assert main(["fit", film, "--out", str(out), *V3]) == 0
    return out


def rows(run):
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def timeless(run):
    return [{key: value for key, value in row.items() if key != "seconds"} for row in rows(run)]


def test_a_fit_learns_to_lower_the_energy(whole):
    """Flips priced in."""
    found = rows(whole)
    assert [row["step"] for row in found] == [50, 100]
    assert found[1]["energy"] < 0.9 * found[0]["energy"]
    assert all(row["critic"] != 0 for row in found)


def test_the_weights_say_how_they_were_made(whole):
    weights = load(whole)
    assert weights.about["network"] == "gan"
    assert weights.about["settings"]["seed"] == 5
    assert weights.about["films"][0][0] == "noise.avi"
    assert weights.about["updates"] == 100
    assert weights.size.channels == 4
    weights.network()


def test_a_run_can_be_looked_at(whole):
    """Curves, samples and, as they were asked for, TensorBoard's event files with every report."""
    with Image.open(whole / "curves.png") as curves:
        assert curves.width > curves.height > 100
    with Image.open(whole / "samples" / "0000100.png") as sheet:
        dithers = np.asarray(sheet)[::2, ::2][:32, 36:68]
    assert set(np.unique(dithers)) == {0, 255}
    [events] = (whole / "events").iterdir()
    energies = {step: value for step, tag, value in scalars(events.read_bytes()) if tag == "energy"}
    assert list(energies) == [50, 100]
    np.testing.assert_allclose(list(energies.values()), [row["energy"] for row in rows(whole)], rtol=1e-5)


def scalars(data):
    """(step, tag, value) of every scalar in an event file: records of length, CRC, protocol buffer, CRC."""
    from tensorboardX.proto.event_pb2 import Event

    stream = io.BytesIO(data)
    while header := stream.read(12):
        event = Event.FromString(stream.read(struct.unpack("<Q", header[:8])[0]))
        stream.read(4)
        yield from ((event.step, value.tag, value.simple_value) for value in event.summary.value)


def test_one_frame_can_be_overfitted(overfitted):
    """The capacity check: even a small U-Net learns much of the dither of one frame of noise by heart."""
    first, last = (row["loss"] for row in rows(overfitted))
    assert last < 0.65 * np.log(2) < first
    weights = load(overfitted)
    assert weights.about["network"] == "u-net"
    assert weights.size == UNetSize(8, previous=True)
    weights.network()


@pytest.mark.parametrize("options", [OWN, V3], ids=["gan", "v3"])
def test_a_fit_that_was_cut_off_is_resumed_to_the_same_losses(
    film, whole, overfitted, tmp_path, monkeypatch, options
):
    """Cut off at a report that no checkpoint has yet: what follows equals the run that was never cut off."""
    from trainer.fit import train

    uncut, out = whole if options is OWN else overfitted, tmp_path / "cut"
    monkeypatch.setattr(train, "CHECKPOINT_SECONDS", -1.0)
    last = rows(uncut)[-1]["step"]

    def interrupted(step, *seen):
        if step == last:
            raise KeyboardInterrupt

    arguments = ["fit", film, "--out", str(out), *options]
    with monkeypatch.context() as cut:
        cut.setattr(train, "check", interrupted)
        assert main(arguments) == 130
    assert [row["step"] for row in rows(out)] == [row["step"] for row in rows(uncut)]
    assert main([*arguments, "--resume"]) == 0
    assert timeless(out) == timeless(uncut)
    for name, array in load(uncut).arrays.items():
        np.testing.assert_array_equal(load(out).arrays[name], array)


def test_an_interrupted_fit_keeps_what_it_has(film, whole, tmp_path, monkeypatch, capsys):
    """Long before its first checkpoint is due, and between two reports; resumed, it ends as the uncut one."""
    from trainer.fit import train

    out, usual, learning_rates = tmp_path / "run", signal.getsignal(signal.SIGTERM), train.learning_rates

    def interrupted(rate, schedule, step, progress):
        if step == 6:
            os.kill(os.getpid(), signal.SIGTERM)
        return learning_rates(rate, schedule, step, progress)

    arguments = ["fit", film, "--out", str(out), *OWN]
    with monkeypatch.context() as during:
        during.setattr(train, "learning_rates", interrupted)
        assert main(arguments) == 130
    error = capsys.readouterr().err
    assert error.endswith("stopped after update 7; the same command with --resume goes on from there\n")
    assert signal.getsignal(signal.SIGTERM) == usual
    assert [row["step"] for row in rows(out)] == [7]
    assert load(out).about["updates"] == 7
    assert main([*arguments, "--resume"]) == 0
    assert [row["step"] for row in rows(out)] == [7, 50, 100]
    assert timeless(out)[-1] == timeless(whole)[-1]
    for name, array in load(whole).arrays.items():
        np.testing.assert_array_equal(load(out).arrays[name], array)


def test_where_the_disk_is_full_one_line_says_so_and_the_run_goes_on_after(
    film, whole, tmp_path, monkeypatch, capsys
):
    """The first checkpoint comes at the end here, when all reports are written."""
    out = tmp_path / "run"
    arguments = ["fit", film, "--out", str(out), *OWN]
    with monkeypatch.context() as full:
        full.setattr("trainer.fit.checkpoint.shutil.disk_usage", lambda path: SimpleNamespace(free=300_000))
        assert main(arguments) == 2
    error = capsys.readouterr().err
    assert (error.count("\n"), "the disk is full; free space, then" in error) == (1, True)
    assert not (out / "checkpoints").exists()
    assert main([*arguments, "--resume"]) == 0
    assert timeless(out) == timeless(whole)


def test_a_run_is_not_overwritten_or_resumed_by_another_command(film, whole, capsys):
    assert main(["fit", film, "--out", str(whole), *OWN]) == 2
    assert "--resume" in capsys.readouterr().err
    assert main(["fit", film, "--out", str(whole), *OWN, "--rate", ".02", "--resume"]) == 2
    error = capsys.readouterr().err
    assert "another settings" in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--steps", "1", "--minutes", "1"], "two budgets"),
        (["--minutes", "0"], "--minutes"),
        (["--patch", "30"], "--patch 30"),
        (["--rate", "2"], "--rate 2"),
        (["--channels", "0"], "channels"),
        (["--seed", "-1"], "--seed"),
        (["--resume"], "leave --resume out"),
        (["--objective", "v4"], "choose one of gan, v1, v2, v3"),
        (["--objective", "v1", "--critic-weight", "1"], "--critic-weight: the objective v1 has none"),
        (["--objective", "v2", "--previous-weight", "1"], "--previous-weight"),
        (["--objective", "v3", "--blocks", "3"], "--blocks"),
        (["--objective", "v3", "--channels", "5"], "even"),
        (["--optimiser", "adamw"], "--optimiser adamw: choose one of adam, lamb, sgd"),
        (["--momentum", "1"], "--momentum 1"),
        (["--objective", "v1", "--temperature", "2"], "--temperature: the objective v1 has none"),
        (["--teacher-forcing"], "--teacher-forcing: the objective gan has none"),
        (["--critic-weight", "0", "--r1-weight", "1"], "there is no critic"),
        (["--critic-weight", "-1"], "--critic-weight -1"),
        (["--overfit", "soon"], "no place in a film"),
        (["--overfit", "99999"], "no frame lies from 99999"),
        (["--patch", "128", "--half-resolution"], "choose --patch 24 or less"),
    ],
)
def test_what_cannot_be_fitted_is_refused_in_one_line(film, tmp_path, capsys, options, words):
    assert main(["fit", film, "--out", str(tmp_path / "run"), *options]) == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1
    assert not (tmp_path / "run").exists()

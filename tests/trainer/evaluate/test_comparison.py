"""The stream that previews are drawn from and evaluations are made from."""

import threading
from itertools import pairwise

import numpy as np
import pytest

from tests.trainer.evaluate.evaluate_cases import divided
from tests.trainer.previews.preview_cases import (
    COUNT,
    CUT,
    LABELS,
    REDRAWS,
    Played,
    comparison,
    made_dithers,
    selected_frames,
)
from trainer.dithers.diffusion import Hysteresis
from trainer.errors import OptionError
from trainer.evaluate.score import Comparison


def threads_left() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith(("ahead", "dither"))]


def test_every_dither_runs_its_own_closed_loop():
    frames = selected_frames(6)
    moments = list(Comparison(divided(frames, [4]), {"a": Hysteresis(0.2), "b": Hysteresis(0.9)}))
    assert [moment.redraw for moment in moments] == [number in (0, 4) for number in range(6)]
    for label, dial in (("a", 0.2), ("b", 0.9)):
        shown = None
        for moment, frame in zip(moments, frames, strict=True):
            before, shown = shown, Hysteresis(dial).dither(frame.frame, None if moment.redraw else shown)
            np.testing.assert_array_equal(moment.shown[label].dither, shown)
            assert moment.selected is frame
            np.testing.assert_array_equal(moment.seen.picture, frame.frame)
            if before is not None:
                np.testing.assert_array_equal(moment.shown[label].before, before)
    assert moments[0].shown["a"].before is None
    assert (moments[3].shown["a"].dither != moments[3].shown["b"].dither).any()


def test_the_figures_are_those_of_the_made_dithers():
    made, compared = made_dithers(), comparison()
    moments = list(compared)
    assert [moment.index for moment in moments] == list(range(COUNT))
    for label in LABELS:
        flips = [None, *(float((a != b).mean()) for a, b in pairwise(made[label]))]
        flips = [None if number in REDRAWS else flips[number] for number in range(COUNT)]
        changes = [moment.shown[label].score.change for moment in moments]
        assert [change.flips if change else None for change in changes] == flips
        mean = np.mean([share for share in flips if share is not None])
        assert compared.summaries()[label].change.flips == pytest.approx(mean)
    assert compared.redraws == len(REDRAWS)
    assert moments[CUT].selected.cut
    assert moments[20].shown["lively"].score.action == "redraw"
    assert moments[5].shown["calm:0.5"].score.action == "nothing"


def test_progress_is_reported_after_each_frame():
    done = []
    ditherers = {label: Played(dithers) for label, dithers in made_dithers(3).items()}
    for moment in Comparison(divided(selected_frames(3)), ditherers, report=done.append):
        assert done == list(range(1, moment.index + 1))
    assert done == [1, 2, 3]


def test_a_failing_ditherer_is_heard():
    with pytest.raises(IndexError):
        list(Comparison(divided(selected_frames(2)), {"short": Played(made_dithers(1)["lively"])}))


def test_closing_ends_the_threads_of_an_iteration_that_was_left():
    compared = comparison()
    moments = iter(compared)
    next(moments)
    assert threads_left() != []
    compared.close()
    assert threads_left() == []
    assert next(moments, None) is None


def test_a_film_without_a_frame_is_refused():
    with pytest.raises(OptionError, match="no frame of the film is selected"):
        list(Comparison([], {"a": Hysteresis()}))

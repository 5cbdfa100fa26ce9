"""When a fit is lost."""

import pytest

from trainer.errors import TrainerError
from trainer.fit.metrics import Metrics, check

HEALTHY = Metrics(
    loss=-0.5, energy=0.1, white=0.5, tone=0.5, bright=0.5, flips=0.08, unsure=0.01, critic=-2.0
)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"loss": float("nan")}, "no longer a number"),
        ({"critic": float("nan")}, "no longer a number"),
        ({"critic": -1e6}, "the critic ran away"),
        ({"white": 1.0}, "all white"),
        ({"white": 0.0}, "all black"),
    ],
)
def test_a_collapse_is_named(change, words):
    check(100, HEALTHY)
    with pytest.raises(TrainerError, match=words):
        check(100, HEALTHY._replace(**change))


def test_a_dark_film_is_no_collapse():
    check(100, HEALTHY._replace(white=0.0, tone=0.01))


def test_the_few_patches_of_a_report_that_was_cut_short_are_no_collapse():
    check(7, HEALTHY._replace(white=1.0), count=7)
    with pytest.raises(TrainerError, match="no longer a number"):
        check(7, HEALTHY._replace(loss=float("nan")), count=7)


def test_a_thresholded_picture_is_where_imitation_begins():
    """All white on a bright film, and still unsure of it; a copy of what is shown; but not sure and wrong."""
    begun = HEALTHY._replace(white=1.0, tone=0.8, bright=0.9, unsure=0.05, flips=0.0)
    check(100, begun, imitates=True)
    check(100, begun._replace(bright=0.98, unsure=0.0), imitates=True)
    with pytest.raises(TrainerError, match="all white"):
        check(100, begun._replace(unsure=1e-5), imitates=True)
    with pytest.raises(TrainerError, match="all white"):
        check(100, begun)

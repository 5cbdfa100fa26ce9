"""The file of a network's weights, and the one that ships."""

import jax.numpy as jnp
import numpy as np
import pytest

from trainer.dithers.generator.model import PLANES, Size, create
from trainer.dithers.generator.weights import Weights, arrays_of, load, save
from trainer.errors import TrainerError


@pytest.fixture(scope="module")
def tiny():
    """Weights of a network that was never trained."""
    return Weights(arrays_of(create(Size(4, 1), 0)), Size(4, 1), {})


def test_weights_survive_their_file(tiny, tmp_path):
    path = tmp_path / "weights.npz"
    save(path, Weights(tiny.arrays, tiny.size, {"seed": 7}))
    found = load(path)
    assert found.about["seed"] == 7
    assert found.size == tiny.size
    for name, array in tiny.arrays.items():
        np.testing.assert_array_equal(found.arrays[name], array)
    planes = jnp.ones((1, 4, 4, PLANES))
    np.testing.assert_array_equal(tiny.network()(planes), found.network()(planes))


def test_the_same_weights_give_the_same_bytes(tiny, tmp_path):
    for name in "ab":
        save(tmp_path / name, tiny)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_what_holds_no_weights_is_refused_in_one_line(tiny, tmp_path):
    path = tmp_path / "weights.npz"
    with pytest.raises(TrainerError, match="there is no"):
        load(tmp_path)
    path.write_bytes(b"no weights")
    with pytest.raises(TrainerError, match="no file of weights"):
        load(tmp_path)
    save(path, tiny)
    path.write_bytes(path.read_bytes()[:-400])
    with pytest.raises(TrainerError, match="no file of weights"):
        load(path)


def test_weights_of_another_size_are_refused(tiny):
    with pytest.raises(TrainerError, match="fit again"):
        Weights(tiny.arrays, Size(5, 1), {}).network()


def test_the_shipped_weights_say_how_they_were_made():
    about = load().about
    assert about["films"]
    assert about["network"] == "gan"
    assert about["command"].startswith("trainer fit")
    assert isinstance(about["settings"]["seed"], int)

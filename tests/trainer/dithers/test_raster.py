"""`raster` is the compiled error diffusion, pixel for pixel, and its export needs neither numba nor jax."""

import subprocess
import sys

import numpy as np
import pytest

from player.reel import Reel
from tests.trainer.made_films import make_film
from trainer.dithers.diffusion import _diffuse
from trainer.dithers.glass import aim, aim_in_numpy
from trainer.dithers.levels import ASSUMED
from trainer.dithers.raster import Raster

BLOCKED = """
import sys
for name in sys.argv[1].split(","):
    sys.modules[name] = None
from trainer.__main__ import main
sys.exit(main(sys.argv[2:]))
"""


@pytest.mark.parametrize("size", [(24, 44), (40, 17), (5, 3), (1, 9), (7, 2)])
def test_each_pixel_is_that_of_the_compiled_diffusion_from_left_to_right(size):
    rng = np.random.default_rng(7)
    frame = rng.random(size, dtype=np.float32)
    shown = (rng.random(size) < 0.5).astype(np.uint8)
    raster = Raster(0.4)
    assert (raster.dither(frame, shown) == _diffuse(frame, shown, raster.lean, False)).all()
    nothing = np.zeros(size, np.uint8)
    assert (raster.dither(frame, None) == _diffuse(frame, nothing, np.float32(0), False)).all()


def test_it_aims_at_what_all_others_aim_at():
    rng = np.random.default_rng(7)
    frame, dirty = rng.random((24, 44), dtype=np.float32), rng.random((24, 44)) < 0.5
    assert (aim_in_numpy(frame, dirty, ASSUMED) == aim(frame, dirty, ASSUMED)).all()


@pytest.mark.parametrize(
    ("dither", "blocked"),
    [("raster", "numba,scipy,jax,flax"), ("hysteresis", "jax,flax,optax"), ("search", "jax,flax,optax")],
)
def test_an_export_needs_no_more_than_its_dither(tmp_path, dither, blocked):
    make_film(tmp_path / "film.mp4", pictures=3)
    export = ["export", "film.mp4", "film.reel", "--dither", dither, "--size", "64x48"]
    program = [sys.executable, "-c", BLOCKED, blocked, *export]
    done = subprocess.run(program, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with Reel(tmp_path / "film.reel") as reel:
        assert (reel.frames, reel.complete) == (3, True)

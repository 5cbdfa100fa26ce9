"""The film-maker's room can be removed: nothing else needs it."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from tests.trainer.made_films import make_film
from trainer.dithers.generator.weights import Weights, arrays_of, save
from trainer.film_maker.unet import UNetSize, create
from trainer.fit.data import LENGTH

ROOT = Path(__file__).parents[3]

WITHOUT = """
import sys

class Gone:
    def find_spec(self, name, path=None, target=None):
        if name == "trainer.film_maker" or name.startswith("trainer.film_maker."):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Gone())
from trainer.__main__ import main
from trainer.fit import train

film, folder = sys.argv[1:]
small = ["--patch", "16", "--batch", "2", "--clips", "2", "--channels", "4", "--blocks", "1", "--steps", "1"]
print(main(["fit", film, "--out", folder + "/run", *small]))
reel = ["export", film, folder + "/film.reel", "--size", "32x24", "--count", "2"]
reel += ["--dither", "generator", "--polish", "0"]
print(main([*reel, "--weights", folder + "/run"]))
for command in (["fit", film, "--out", folder + "/v1", "--objective", "v1"],
                [*reel, "--overwrite", "--weights", folder + "/u-net.npz"]):
    print(main(command))
try:
    main(["fit", "--help"])
except SystemExit:
    pass
print([name for name in sys.modules if name.startswith("trainer.film_maker")])
"""


def test_the_trainer_works_without_it(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (LENGTH, 48, 64, 1)).repeat(3, 3).astype(np.uint8)
    film = make_film(tmp_path / "noise.avi", "FFV1", noise)
    size = UNetSize(2)
    save(tmp_path / "u-net.npz", Weights(arrays_of(create(size, 0)), size, {}))
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, str(film), str(tmp_path)],
        cwd=ROOT, env={**os.environ, "JAX_DISABLE_MOST_OPTIMIZATIONS": "1"}, capture_output=True, text=True,
    )  # fmt: skip
    said = done.stdout.splitlines()
    assert [line for line in said if line.isdigit()] == ["0", "0", "2", "2"], done.stderr
    assert done.stderr.splitlines() == [
        "trainer: --objective v1: trainer.film_maker is not installed; choose gan",
        "trainer: this installation has no trainer.film_maker; install all of longtake",
    ]
    assert "--temperature" in done.stdout
    assert "--teacher-forcing" not in done.stdout
    assert said[-1] == "[]"


def test_nothing_outside_imports_it():
    for path in (ROOT / "trainer").rglob("*.py"):
        if path.parent.name == "film_maker":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            assert not [name for name in names if name.startswith("trainer.film_maker")], path

"""The simulator needs numpy and Pillow only, and loads nothing of the driver that it tests."""

import subprocess
import sys
from pathlib import Path

import driver

ROOT = Path(driver.__file__).parents[1]


def test_it_loads_alone():
    code = "import sys, driver.simulator.it8951; print(*sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    loaded = done.stdout.split()
    packages = {name.partition(".")[0] for name in loaded}
    assert {"numpy", "PIL", "driver"} <= packages
    assert not packages & {"spidev", "RPi", "cv2", "jax", "numba", "player", "trainer", "flax", "rich"}
    own = [name for name in loaded if name.startswith("driver.")]
    assert all(name.startswith("driver.simulator") for name in own), own

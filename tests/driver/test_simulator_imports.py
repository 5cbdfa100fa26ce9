"""The simulator shares nothing with the driver that it tests, and needs numpy and Pillow only."""

import ast
import subprocess
import sys
from pathlib import Path

import driver.simulator

PACKAGE = Path(driver.simulator.__file__).parent
FILES = [PACKAGE / "simulator.py", PACKAGE / "glass.py", *sorted(PACKAGE.glob("simulated_*.py"))]


def imported(path):
    """Full names of the modules that a file imports from this project."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names if node.module == "driver")


def test_it_imports_nothing_else_of_the_project():
    own = {f"driver.{path.stem}" for path in FILES} | {"driver"}
    for path in FILES:
        for name in imported(path):
            assert name.partition(".")[0] not in {"player", "trainer"}
            if name.partition(".")[0] == "driver":
                assert name in own, f"{path.name} imports {name}"


def test_it_loads_with_numpy_and_pillow_alone():
    code = "import sys, driver.simulator; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    root = PACKAGE.parent
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True, timeout=60
    )
    loaded = set(done.stdout.split())
    assert {"numpy", "PIL", "driver"} <= loaded
    unwanted = {"spidev", "RPi", "cv2", "jax", "numba", "player", "trainer", "flax", "rich"}
    assert not loaded & unwanted

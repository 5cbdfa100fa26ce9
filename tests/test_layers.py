"""The layer rule: who may import whom, read from the source; no circles; and the player on numpy and Pillow
alone.
"""

import ast
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DEVICE_LIBRARIES = {"numpy", "PIL"}
PI_LIBRARIES = {"spidev", "RPi"}
REMOTE_LIBRARIES = {"bottle", "segno", "waitress"}


def identifier(path):
    return str(path.relative_to(ROOT))


def imports(path):
    """Every module that a file imports, wherever the import stands: {(module, is_at_top_level)}."""
    tree = ast.parse(path.read_text())
    top_level = set(tree.body)
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {(alias.name, node in top_level) for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            found |= {(f"{node.module}.{alias.name}", node in top_level) for alias in node.names}
    return found


def sources(package):
    found = sorted((ROOT / package).rglob("*.py"))
    assert found
    return found


def within(module, *allowed):
    return any(module == name or module.startswith(name + ".") for name in allowed)


@pytest.mark.parametrize("path", sources("driver"), ids=identifier)
def test_the_driver_knows_neither_sibling_and_only_the_device_libraries(path):
    for module, _ in imports(path):
        assert not within(module, "player", "trainer")
        allowed = DEVICE_LIBRARIES | ({"spidev", "RPi"} if path.name == "wire.py" else set())
        assert within(module, *sys.stdlib_module_names, "driver", *allowed), module


@pytest.mark.parametrize("path", sources("driver/simulator"), ids=identifier)
def test_the_simulator_takes_nothing_from_the_driver(path):
    """A simulator that took its numbers from the driver would agree with the driver's mistakes."""
    for module, _ in imports(path):
        assert not within(module, "driver") or within(module, "driver.simulator"), module


@pytest.mark.parametrize("path", sources("player"), ids=identifier)
def test_the_player_imports_the_driver_lazily_and_only_the_device_libraries(path):
    more = {"mqtt.py": {"paho"}}.get(path.name, set())
    allowed = DEVICE_LIBRARIES | more | (REMOTE_LIBRARIES if path.parent.name == "web" else set())
    for module, at_top_level in imports(path):
        assert within(module, *sys.stdlib_module_names, "player", "driver", *allowed), module
        assert not (within(module, "driver") and at_top_level), f"{module} at the top of {path.name}"


def test_the_player_opens_panels_in_one_place():
    openers = [path.name for path in sources("player") if any(within(m, "driver") for m, _ in imports(path))]
    assert len(openers) == 1, openers


@pytest.mark.parametrize("path", sources("trainer"), ids=identifier)
def test_the_trainer_takes_from_its_siblings_only_what_both_must_agree_on(path):
    """The reel, the rule, the profile; of the driver the panels' sizes, their chart and the simulator."""
    of_the_player = ("player.reel", "player.redraw", "player.errors", "player.profile")
    if path.name == "serve.py":  # the player says in these words what it wants exported
        of_the_player += ("player.films.options",)
    of_the_driver = ("driver.simulator", "driver.panel", "driver.chart")
    for module, at_top_level in imports(path):
        if within(module, "player", "driver"):
            assert within(module, *of_the_player, *of_the_driver), module
        if within(module, "driver"):
            assert not at_top_level, module


def circle(root, *packages):
    """Modules under `root` of which each imports the next one and the last the first; empty if there are
    none.

    Every import counts, wherever it stands: a lazy one, or one for types alone, only hides a circle.
    """
    files = {}
    for path in (path for package in packages for path in sorted((root / package).rglob("*.py"))):
        parts = path.relative_to(root).with_suffix("").parts
        files[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    assert files
    graph = {}
    for module, path in files.items():
        names = (name for name, _ in imports(path))
        graph[module] = {name if name in files else name.rpartition(".")[0] for name in names} & files.keys()
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def test_no_modules_import_each_other():
    assert circle(ROOT, "driver", "player", "trainer") == []


@pytest.mark.parametrize(
    ("inner", "outer", "found"),
    [
        ("from house import door\n", "import house.inner\n", True),
        ("def later():\n    from house.outer import name\n", "from house.inner import later\n", True),
        ("import os\n", "from house import inner\n", False),
        ("from house.outer import name\n", "import sys\n", False),
    ],
)
def test_a_circle_is_found_wherever_its_imports_stand(tmp_path, inner, outer, found):
    (tmp_path / "house").mkdir()
    (tmp_path / "house" / "__init__.py").write_text("from house.outer import door\n")
    (tmp_path / "house" / "inner.py").write_text(inner)
    (tmp_path / "house" / "outer.py").write_text(outer)
    assert bool(circle(tmp_path, "house")) == found


def test_importing_a_command_line_loads_nothing_heavy():
    """`--help` must be quick, and the device has none of these."""
    heavy = ["matplotlib", "jax", "flax", "optax", "cv2", "numba", "PIL", "spidev", "RPi", *REMOTE_LIBRARIES]
    program = (
        "import sys, player.__main__, trainer.__main__\n"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert result.stdout.strip() == "[]"

"""The machine that a timing was measured on: processor, accelerators and versions, as plain data."""

import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

_PROCESSORS = Path("/proc/cpuinfo")
_VERSIONS = ("numpy", "numba", "jax")


def describe() -> dict[str, Any]:
    """python, platform, processor, cores, jax_devices (None if nothing has imported JAX), versions."""
    jax = sys.modules.get("jax")
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "jax_devices": None if jax is None else [device.device_kind for device in jax.devices()],
        "versions": {package: version(package) for package in _VERSIONS},
    }


def _processor() -> str:
    """The processor's name as Linux knows it, otherwise the kind of machine."""
    lines = _PROCESSORS.read_text().splitlines() if _PROCESSORS.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()

"""The machine and versions that a figure was measured with, in one line."""

import os
import platform
from importlib.metadata import version

from trainer.machine import describe


def machine(*packages: str) -> str:
    """`2 cores, Intel ..., Python 3.11.7, numpy 2.4.0, ...`"""
    versions = [f"Python {platform.python_version()}", *(f"{name} {version(name)}" for name in packages)]
    return f"{os.cpu_count()} cores, {describe()['processor']}, {', '.join(versions)}"

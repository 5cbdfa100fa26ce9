"""The page of a preview opened in a browser, and quick compiling."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chromium import Page
from tests.trainer.previews.preview_browser import NASTY, opened
from tests.trainer.previews.preview_cases import comparison, view


@pytest.fixture(scope="module")
def quickly_compiled() -> Iterator[None]:
    """What runs for a moment need not be compiled well."""
    import jax

    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)


@pytest.fixture(scope="session")
def file(tmp_path_factory) -> Path:
    """The page of the made film."""
    from trainer.previews.page import page

    path = tmp_path_factory.mktemp("page") / "preview.html"
    path.write_bytes(page(comparison(), view(film=NASTY)))
    return path


@pytest.fixture(scope="session")
def moments():
    """What the page shows."""
    return list(comparison())


@pytest.fixture
def shown(browser, file) -> Page:
    """The page, opened anew in a wide window."""
    return opened(browser, file, 1300, 900)

"""What holds for every test, and a browser for all tests of pages."""

import signal
from collections.abc import Iterator

import pytest

from tests.chromium import Chromium, executable

# A shell starts its background jobs with Ctrl-C ignored, and their children inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="module")
def browser(tmp_path_factory) -> Iterator[Chromium]:
    """Skips the test where no Chromium is installed. Ends with its module: pages that play take a core."""
    chromium = Chromium(executable(), tmp_path_factory.mktemp("profile"))
    yield chromium
    chromium.close()

"""A headless Chromium for tests of pages, driven by the DevTools protocol over a pipe: no port, no driver.

Messages are JSON and end with a zero byte. The browser reads them on its file descriptor 3 and answers on 4.
Source: https://chromedevtools.github.io/devtools-protocol/ and Chromium's `--remote-debugging-pipe`.
"""

import base64
import contextlib
import json
import os
import select
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
PATIENCE = 30.0
"""Seconds within which the browser must answer."""

# Key events carry a key's name, the text that it types, and its number on old keyboards.
KEY_CODES = {
    "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, "Home": 36, "End": 35, "PageUp": 33,
    "PageDown": 34, "Tab": 9, "Enter": 13, " ": 32,
}  # fmt: skip
SHIFT = 8

MOVED_ON = ("Inspected target navigated or closed", "Cannot find default execution context")
"""What the browser answers where the page leaves for another one before an expression is evaluated."""


class MovedOn(AssertionError):
    """The page has left for another one, and a command to it with it."""


def executable() -> str:
    """The path of an installed Chromium or Chrome; skips the test where there is none."""
    path = next((path for name in NAMES if (path := shutil.which(name))), None)
    if path is None:
        pytest.skip("no Chromium is installed (on Debian: apt install chromium)")
    return path


class Chromium:
    """The browser: a process of its own with a new profile in `folder`. Close it when done.

    `ratio`: screen pixels per CSS pixel of its real screen; `open` and `resize` only emulate another.
    """

    def __init__(self, executable: str, folder: Path, ratio: float = 1) -> None:
        to_browser, self._write = os.pipe()
        self._read, from_browser = os.pipe()
        arguments = [
            executable, "--headless=new", "--remote-debugging-pipe", f"--user-data-dir={folder}",
            "--no-first-run", "--disable-gpu", "--disable-extensions", "--disable-background-networking",
            "--disable-dev-shm-usage", "--mute-audio", "--force-color-profile=srgb",
            f"--force-device-scale-factor={ratio:g}", "about:blank",
        ]  # fmt: skip
        if os.geteuid() == 0:
            arguments.insert(1, "--no-sandbox")
        # Here the pipes may have the numbers 3 and 4, swapped, so they move by way of other numbers.
        actions = [
            *((os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in (0, 1, 2)),
            (os.POSIX_SPAWN_DUP2, to_browser, 103), (os.POSIX_SPAWN_DUP2, from_browser, 104),
            (os.POSIX_SPAWN_DUP2, 103, 3), (os.POSIX_SPAWN_DUP2, 104, 4),
            (os.POSIX_SPAWN_CLOSE, 103), (os.POSIX_SPAWN_CLOSE, 104),
        ]  # fmt: skip
        environment = {**os.environ, "HOME": str(folder)}
        self._process = os.posix_spawn(executable, arguments, environment, file_actions=actions, setpgroup=0)
        os.close(to_browser)
        os.close(from_browser)
        self._unread = b""
        self._number = 0
        self.events: list[dict[str, Any]] = []

    def command(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        """Send one command and return its result; events that arrive meanwhile are kept in `events`."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + PATIENCE
        while True:
            answer = self._next(deadline)
            if answer.get("id") == self._number:
                if "error" in answer:
                    moved = answer["error"].get("message") in MOVED_ON
                    raise (MovedOn if moved else AssertionError)(f"{method}: {answer['error']}")
                return dict(answer["result"])
            self.events.append(answer)

    def _next(self, deadline: float) -> dict[str, Any]:
        while b"\0" not in self._unread:
            ready, _, _ = select.select([self._read], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, f"the browser said nothing for {PATIENCE:g} s"
            data = os.read(self._read, 1 << 20)
            assert data, "the browser has ended"
            self._unread += data
        message, self._unread = self._unread.split(b"\0", 1)
        return dict(json.loads(message))

    def open(
        self, url: str, width: int | None = None, height: int = 0, ratio: float = 1, **media: str
    ) -> "Page":
        """A page in a window of width x height CSS pixels, `ratio` screen pixels each, with `media` features.

        Without a width: the browser's own window on its own screen.
        """
        target = self.command("Target.createTarget", url="about:blank")["targetId"]
        session = self.command("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(self, session)
        for domain in ("Page", "Runtime", "Log"):
            page.command(f"{domain}.enable")
        if width is not None:
            page.resize(width, height, ratio)
        features = [{"name": name.replace("_", "-"), "value": value} for name, value in media.items()]
        page.command("Emulation.setEmulatedMedia", features=features)
        page.command("Page.navigate", url=url)
        page.wait("document.readyState === 'complete'")
        return page

    def close(self) -> None:
        """End the browser and all its processes."""
        for descriptor in (self._read, self._write):
            os.close(descriptor)
        deadline = time.monotonic() + 5
        while os.waitpid(self._process, os.WNOHANG)[0] == 0:
            if time.monotonic() > deadline:
                os.killpg(self._process, signal.SIGKILL)
                os.waitpid(self._process, 0)
                break
            time.sleep(0.02)


class Page:
    """One page of the browser."""

    def __init__(self, browser: Chromium, session: str) -> None:
        self._browser, self._session = browser, session

    def command(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send one command to this page."""
        return self._browser.command(method, self._session, **parameters)

    def resize(self, width: int, height: int, ratio: float = 1) -> None:
        """Change the window's size in CSS pixels, and the screen pixels that each takes."""
        screen = {"width": width, "height": height, "deviceScaleFactor": ratio, "mobile": ratio > 1}
        self.command("Emulation.setDeviceMetricsOverride", **screen)

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression, which may be a promise."""
        answer = self.command(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait(self, expression: str) -> None:
        """Wait until the expression is true, on this page or the next; fail after PATIENCE."""
        deadline = time.monotonic() + PATIENCE
        while True:
            with contextlib.suppress(MovedOn):
                if self.evaluate(expression):
                    return
            assert time.monotonic() < deadline, f"never true: {expression}"
            time.sleep(0.02)

    def press(self, key: str, shift: bool = False) -> None:
        """Press and release a key: a single character, or a name in KEY_CODES."""
        typed = "" if shift or len(key) > 1 else key
        words = {"key": key, "text": typed, "windowsVirtualKeyCode": KEY_CODES.get(key, ord(key[0].upper())),
                 "modifiers": SHIFT if shift else 0}  # fmt: skip
        self.command("Input.dispatchKeyEvent", type="keyDown" if typed else "rawKeyDown", **words)
        self.command("Input.dispatchKeyEvent", type="keyUp", **{**words, "text": ""})

    def drag(self, x: float, y: float, right: float, down: float) -> None:
        """Press the mouse button at (x, y), move, and release. Without movement: a click."""
        mouse = {"button": "left", "clickCount": 1}
        there = {"x": x + right, "y": y + down}
        self.command("Input.dispatchMouseEvent", type="mousePressed", x=x, y=y, **mouse)
        if right or down:
            self.command("Input.dispatchMouseEvent", type="mouseMoved", buttons=1, **there, **mouse)
        self.command("Input.dispatchMouseEvent", type="mouseReleased", **there, **mouse)

    def click(self, selector: str) -> None:
        """Scroll an element into view and click its middle."""
        x, y = self.evaluate(
            f"(() => {{ const found = document.querySelector({json.dumps(selector)});"
            "found.scrollIntoView({block: 'center'}); const box = found.getBoundingClientRect();"
            "return [box.x + box.width / 2, box.y + box.height / 2]; })()"
        )
        self.drag(x, y, 0, 0)

    def screenshot(self, whole: bool = False) -> bytes:
        """A PNG of the window, or of the whole page."""
        return base64.b64decode(self.command("Page.captureScreenshot", captureBeyondViewport=whole)["data"])

    def complaints(self) -> list[str]:
        """What the page has thrown and the browser has logged, such as violations of the security policy."""
        texts = []
        for event in self._browser.events:
            if event.get("sessionId") != self._session:
                continue
            if event["method"] == "Runtime.exceptionThrown":
                texts.append(str(event["params"]["exceptionDetails"]))
            if event["method"] == "Log.entryAdded":
                texts.append(str(event["params"]["entry"]["text"]))
        return texts

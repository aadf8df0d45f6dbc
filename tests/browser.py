"""A headless Chromium for tests: opens a page and tells what it asked for, what it complained about and what is in it.

It talks the DevTools protocol over a websocket, with websocket-client (which comes with JupyterLab).
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--remote-debugging-port=0",
)

_KEYS = {"Tab": 9, "Enter": 13, "Space": 32, "Escape": 27}


def find_chromium() -> str | None:
    """Return Debian's chromium, or None."""
    return shutil.which("chromium")


@dataclass
class PageProbe:
    """An open page.

    Attributes
    ----------
    requests : list of str
        Every address that it asked for, itself first.
    console_errors : list of str
        Errors and warnings of its console, and exceptions of its scripts.
    """

    browser: Browser
    session: str
    requests: list[str] = field(default_factory=list)
    console_errors: list[str] = field(default_factory=list)

    @property
    def network_requests(self) -> list[str]:
        """Addresses that are neither files nor part of the page."""
        return [address for address in self.requests if not address.startswith(("file:", "data:", "about:"))]

    @property
    def dom(self) -> str:
        """The page as it stands now."""
        return self.evaluate("document.documentElement.outerHTML")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send one command of the DevTools protocol."""
        return self.browser.call(method, self.session, **parameters)

    def evaluate(self, script: str) -> Any:
        """Return the value of a JavaScript expression."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{script}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def press(self, key: str) -> None:
        """Press and release a key."""
        common = {"key": key, "code": key, "windowsVirtualKeyCode": _KEYS[key]}
        text = {"text": "\r"} if key == "Enter" else {}
        self.call("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", **common, **text)
        self.call("Input.dispatchKeyEvent", type="keyUp", **common)

    def focused(self) -> dict[str, Any]:
        """Return tag, id, class, text, address and width of outline of the element that has the focus."""
        return self.evaluate(
            "(e => ({tag: e.tagName.toLowerCase(), id: e.id, className: e.className, text: e.textContent.trim(),"
            " href: e.getAttribute('href'), outline: parseFloat(getComputedStyle(e).outlineWidth)}))"
            "(document.activeElement)"
        )

    def emulate(
        self, *, width: int = 1280, height: int = 900, dark: bool = False, media: str = "screen", scripts: bool = True
    ) -> None:
        """Pretend another window, colour scheme or medium."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", media=media, features=[scheme])
        self.call("Emulation.setScriptExecutionDisabled", value=not scripts)

    def screenshot(self, path: Path, *, whole: bool = True) -> None:
        """Save a picture of the page as PNG."""
        picture = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(picture["data"]))

    def goto(self, path: Path) -> None:
        """Load a file and wait until everything it asks for has come."""
        self.requests.clear()
        self.console_errors.clear()
        self.call("Page.navigate", url=path.resolve().as_uri())
        self.browser.wait_for("Page.loadEventFired", self.session)
        self.browser.drain(0.2)


class Browser:
    """A running Chromium; see :func:`running`."""

    def __init__(self, socket: Any) -> None:
        self._socket = socket
        self._number = 0
        self._pages: dict[str, PageProbe] = {}
        self._seen: list[tuple[str, str | None]] = []

    def open_page(self, path: Path, **emulation: Any) -> PageProbe:
        """Open a file in a new tab, optionally with the options of :meth:`PageProbe.emulate`."""
        target = self.call("Target.createTarget", None, url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", None, targetId=target, flatten=True)["sessionId"]
        page = self._pages[session] = PageProbe(self, session)
        for domain in ("Network", "Log", "Runtime", "Page"):
            page.call(f"{domain}.enable")
        page.emulate(**emulation)
        page.goto(path)
        return page

    def call(self, method: str, session: str | None, **parameters: Any) -> dict[str, Any]:
        """Send one command and return its result; what happens meanwhile is noted."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        self._socket.send(json.dumps(message | ({"sessionId": session} if session else {})))
        while True:
            answer = json.loads(self._socket.recv())
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self._note(answer)

    def wait_for(self, event: str, session: str) -> None:
        """Wait for an event of a page."""
        while (event, session) not in self._seen:
            self._note(json.loads(self._socket.recv()))
        self._seen.clear()

    def drain(self, seconds: float) -> None:
        """Note what happens in the next `seconds`."""
        import websocket

        end = time.monotonic() + seconds
        timeout = self._socket.gettimeout()
        try:
            while (left := end - time.monotonic()) > 0:
                self._socket.settimeout(left)
                self._note(json.loads(self._socket.recv()))
        except websocket.WebSocketTimeoutException:
            pass
        finally:
            self._socket.settimeout(timeout)

    def _note(self, event: dict[str, Any]) -> None:
        page, what = self._pages.get(event.get("sessionId", "")), event.get("params", {})
        self._seen.append((event.get("method", ""), event.get("sessionId")))
        if page is None:
            return
        if event["method"] == "Network.requestWillBeSent":
            page.requests.append(what["request"]["url"])
        elif event["method"] == "Log.entryAdded" and what["entry"]["level"] in ("error", "warning"):
            page.console_errors.append(what["entry"]["text"])
        elif event["method"] == "Runtime.exceptionThrown":
            page.console_errors.append(str(what["exceptionDetails"]))
        elif event["method"] == "Runtime.consoleAPICalled" and what["type"] in ("error", "warning"):
            page.console_errors.append(str(what["args"]))


@contextmanager
def running(executable: str) -> Iterator[Browser]:
    """Start a Chromium with an empty profile; stop it in the end."""
    import websocket

    with TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as profile:
        environment = {**os.environ, "HOME": profile}
        process = subprocess.Popen(
            [executable, *FLAGS, f"--user-data-dir={profile}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
        try:
            address = _address(Path(profile), process)
            socket = websocket.create_connection(address, timeout=60, suppress_origin=True)
            yield Browser(socket)
            socket.close()
        finally:
            process.terminate()
            process.wait(timeout=30)


def _address(profile: Path, process: subprocess.Popen[bytes]) -> str:
    file = profile / "DevToolsActivePort"
    for _ in range(600):
        lines = file.read_text().splitlines() if file.is_file() else []
        if len(lines) == 2:
            return f"ws://127.0.0.1:{lines[0]}{lines[1]}"
        if process.poll() is not None:
            raise RuntimeError(f"chromium ended at once, with status {process.returncode}")
        time.sleep(0.1)
    raise RuntimeError("chromium did not open its debugging port in 60 s")

"""Chromium, driven through a pipe as its own tools do it: no driver, no port, nothing but the browser."""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_PATIENCE = 60  # seconds for an answer, on a machine that does other things as well


class Browser:
    """One page in one browser. Commands are those of the DevTools protocol."""

    def __init__(self, to: int, answers: int) -> None:
        self._to, self._answers = to, answers
        self._rest = b""
        self._number = 0
        self._session = ""
        self.logged: list[str] = []
        target = self._ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._ask(f"{domain}.enable")

    def open(self, page: Path, *, width: int = 1280, height: int = 900, dark: bool = False) -> None:
        """Open a file, on a screen of this width, with the light or the dark style asked for."""
        self._ask("Page.setBypassCSP", enabled=True)  # for the examiner only; the page's own policy stays in the file
        self._ask(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        wanted = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self._ask("Emulation.setEmulatedMedia", features=wanted)
        self.logged.clear()
        self._ask("Page.navigate", url=page.as_uri())
        self._until("Page.loadEventFired")

    def media(self, name: str) -> None:
        """Show the page as on paper (``print``) or on a screen."""
        self._ask("Emulation.setEmulatedMedia", media=name)

    def run(self, script: str) -> Any:
        """Return what an expression gives, awaited."""
        found = self._ask("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def picture(self) -> bytes:
        """Return what is in sight as PNG."""
        import base64

        return base64.b64decode(self._ask("Page.captureScreenshot", format="png")["data"])

    def _ask(self, method: str, **words: Any) -> dict[str, Any]:
        self._number += 1
        message = {"id": self._number, "method": method, "params": words}
        if self._session:
            message["sessionId"] = self._session
        self._write(message)
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                assert "error" not in answer, (method, answer["error"])
                return dict(answer["result"])
            self._note(answer)

    def _write(self, message: dict[str, Any]) -> None:
        whole = json.dumps(message).encode() + b"\0"
        while whole:
            whole = whole[os.write(self._to, whole) :]

    def _until(self, event: str) -> None:
        while True:
            answer = self._next()
            self._note(answer)
            if answer.get("method") == event:
                return

    def _note(self, answer: dict[str, Any]) -> None:
        """Keep what the page logs and what it asks of the network."""
        said = answer.get("params", {})
        if answer.get("method") == "Log.entryAdded":
            self.logged.append(said["entry"]["text"])
        elif answer.get("method") == "Runtime.exceptionThrown":
            self.logged.append(said["exceptionDetails"]["text"])
        elif answer.get("method") == "Network.requestWillBeSent":
            address = said["request"]["url"]
            if not address.startswith(("file:", "data:")):
                self.logged.append(f"asks for {address}")

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._answers], [], [], _PATIENCE)
            assert ready, "the browser does not answer"
            part = os.read(self._answers, 1 << 20)
            assert part, "the browser has gone"
            self._rest += part
        whole, _, self._rest = self._rest.partition(b"\0")
        return dict(json.loads(whole))


@contextmanager
def chromium(profile: Path) -> Iterator[Browser]:
    """Start Debian's Chromium without a window; ``make browser`` installs it."""
    program = shutil.which("chromium")
    assert program, "Chromium is missing; run: make browser"
    ours, theirs = os.pipe(), os.pipe()
    command = [
        program,
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        f"--user-data-dir={profile}",
        "--remote-debugging-pipe",
    ]
    # the browser reads commands from its third and writes answers to its fourth file
    words = f'exec "$@" 3<&{ours[0]} 4>&{theirs[1]}'
    started = subprocess.Popen(
        ["bash", "-c", words, "bash", *command],
        pass_fds=(ours[0], theirs[1]),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(ours[0])
    os.close(theirs[1])
    try:
        yield Browser(ours[1], theirs[0])
    finally:
        started.terminate()
        started.wait(timeout=_PATIENCE)
        os.close(ours[1])
        os.close(theirs[0])

"""A real Firefox for tests, spoken to by Marionette: JSON with its length before it, over TCP.

The protocol: https://firefox-source-docs.mozilla.org/testing/marionette/Protocol.html
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PREFERENCES: dict[str, bool | int | str] = {
    "marionette.port": 0,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.page": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "toolkit.telemetry.reportingpolicy.firstRun": False,
    # no way out: a page that needs the network fails
    "network.proxy.type": 1,
    "network.proxy.http": "127.0.0.1",
    "network.proxy.http_port": 9,
    "network.proxy.ssl": "127.0.0.1",
    "network.proxy.ssl_port": 9,
}
KEYS = {"Tab": "\ue004", "Enter": "\ue007"}
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
SAID = """return Services.console.getMessageArray()
  .filter((m) => m instanceof Ci.nsIScriptError)
  .filter((m) => (m.sourceName + m.message).includes(arguments[0]))
  .map((m) => m.message);"""


def program() -> str | None:
    """Where Firefox is on this machine, or nothing."""
    return shutil.which("firefox-esr") or shutil.which("firefox")


class Firefox:
    """One running Firefox with one window; times in seconds, sizes in CSS pixels."""

    def __init__(self, port: int) -> None:
        self.line = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.number = 0
        self._read()
        self.ask("WebDriver:NewSession", capabilities={})

    def _bytes(self, wanted: int) -> bytes:
        got = b""
        while len(got) < wanted:
            part = self.line.recv(wanted - len(got))
            if not part:
                raise ConnectionError("Firefox closed the line")
            got += part
        return got

    def _read(self) -> Any:
        length = b""
        while (one := self._bytes(1)) != b":":
            length += one
        return json.loads(self._bytes(int(length)))

    def ask(self, command: str, **values: Any) -> Any:
        self.number += 1
        said = json.dumps([0, self.number, command, values]).encode()
        self.line.sendall(str(len(said)).encode() + b":" + said)
        _, number, error, result = self._read()
        assert number == self.number
        if error:
            raise RuntimeError(f"{command}: {error['error']}: {error['message']}")
        return result.get("value") if isinstance(result, dict) and "value" in result else result

    def run(self, script: str, *values: Any) -> Any:
        """What the body of a function gives in the page; a promise is waited for."""
        return self.ask("WebDriver:ExecuteScript", script=script, args=list(values))

    def go(self, url: str, *, ready: bool = True) -> None:
        self.ask("WebDriver:Navigate", url="about:blank")
        self.ask("WebDriver:Navigate", url=url)
        if ready:
            self.wait("document.documentElement.hasAttribute('data-ready')")

    def wait(self, expression: str, seconds: float = 10) -> None:
        end = time.monotonic() + seconds
        while not self.run(f"return Boolean({expression})"):
            assert time.monotonic() < end, f"waited in vain for: {expression}"
            time.sleep(0.03)

    def press(self, key: str) -> None:
        value = KEYS.get(key, key)
        steps = [{"type": "keyDown", "value": value}, {"type": "keyUp", "value": value}]
        self.ask("WebDriver:PerformActions",
                 actions=[{"type": "key", "id": "keys", "actions": steps}])  # fmt: skip

    def click(self, selector: str) -> None:
        found = self.ask("WebDriver:FindElement", using="css selector", value=selector)
        self.ask("WebDriver:ElementClick", id=found[ELEMENT])

    def width(self, wanted: int) -> None:
        """The window so wide inside, 768 high outside."""
        extra = self.run("return outerWidth - innerWidth")
        self.ask("WebDriver:SetWindowRect", width=wanted + extra, height=768)
        self.wait(f"innerWidth === {wanted}")

    def said(self, part: str) -> list[str]:
        """The console's errors and warnings (scripts, CSP, style) that name this part."""
        self.ask("Marionette:SetContext", value="chrome")
        try:
            return list(self.ask("WebDriver:ExecuteScript", script=SAID, args=[part]))
        finally:
            self.ask("Marionette:SetContext", value="content")

    def picture(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self.ask("WebDriver:TakeScreenshot", full=False)))

    def pdf(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self.ask("WebDriver:Print", background=True)))


@contextlib.contextmanager
def firefox(profile: Path, **more: bool | int | str) -> Iterator[Firefox]:
    """A Firefox with a new profile in this folder, ended afterwards; `more` are preferences."""
    profile.mkdir(parents=True)
    wanted = {**PREFERENCES, **{name.replace("__", "."): value for name, value in more.items()}}
    (profile / "user.js").write_text(
        "".join(f"user_pref({json.dumps(k)}, {json.dumps(v)});\n" for k, v in wanted.items())
    )
    name = program()
    assert name is not None
    started = subprocess.Popen(
        [name, "--headless", "--no-remote", "--marionette", "--remote-allow-system-access",
         "--profile", str(profile), "about:blank"],
        env={**os.environ, "HOME": str(profile)},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        told, end = profile / "MarionetteActivePort", time.monotonic() + 60
        while not (told.exists() and told.read_text().strip()):
            assert started.poll() is None, "Firefox ended before it listened"
            assert time.monotonic() < end, "Firefox did not listen within a minute"
            time.sleep(0.1)
        yield Firefox(int(told.read_text()))
    finally:
        started.terminate()
        started.wait(30)

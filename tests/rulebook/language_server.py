"""A small client of yaml-language-server over standard input and output, as an editor is one."""

from __future__ import annotations

import json
import queue
import subprocess
import threading
from pathlib import Path
from typing import Any

LONGEST_WAIT = 60  # seconds; a start on a busy machine takes some


class Editor:
    """Opens rule files with a schema, and asks what an editor would ask."""

    def __init__(self, program: str, schema: Path) -> None:
        self.server = subprocess.Popen(
            [program, "--stdio"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self.settings = {
            "yaml": {
                "validate": True,
                "hover": True,
                "completion": True,
                "schemaStore": {"enable": False},
                "schemas": {schema.as_uri(): "*.yaml"},
            }
        }
        self.heard: queue.Queue[dict[str, Any]] = queue.Queue()
        self.asked = 0
        threading.Thread(target=self._listen, daemon=True).start()
        ability = {"markdown": {"contentFormat": ["markdown"]}, "snippetSupport": True}
        self.ask(
            "initialize",
            {
                "processId": None,
                "rootUri": None,
                "capabilities": {
                    "textDocument": {
                        "completion": {"completionItem": ability},
                        "hover": ability["markdown"],
                        "publishDiagnostics": {},
                    },
                    "workspace": {"configuration": True},
                },
            },
        )
        self.tell("initialized", {})
        self.tell("workspace/didChangeConfiguration", {"settings": self.settings})

    def tell(self, method: str, params: Any) -> None:
        """A message that wants no answer."""
        self._send({"method": method, "params": params})

    def ask(self, method: str, params: Any) -> Any:
        """A question; gives its answer."""
        self.asked += 1
        self._send({"id": self.asked, "method": method, "params": params})
        answer = self._wait(lambda m: m.get("id") == self.asked and "method" not in m)
        assert "error" not in answer, answer
        return answer["result"]

    def open(self, name: str, text: str) -> list[dict[str, Any]]:
        """Open a text under this name; gives its diagnostics."""
        uri = f"file:///rules/{name}.yaml"
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
        self.tell("textDocument/didOpen", {"textDocument": document})
        method = "textDocument/publishDiagnostics"
        told = self._wait(lambda m: m.get("method") == method and m["params"]["uri"] == uri)
        return list(told["params"]["diagnostics"])

    def completions(self, name: str, line: int, column: int) -> list[dict[str, Any]]:
        """What may be written at a place (counted from 0)."""
        found = self.ask("textDocument/completion", self._place(name, line, column))
        return list(found["items"] if isinstance(found, dict) else found or [])

    def hover(self, name: str, line: int, column: int) -> str:
        """What is said about the word at a place (counted from 0)."""
        found = self.ask("textDocument/hover", self._place(name, line, column))
        contents = found["contents"] if found else ""
        return contents["value"] if isinstance(contents, dict) else str(contents)

    def close(self) -> None:
        """Let the server end."""
        self.server.stdin.close()  # type: ignore[union-attr]
        self.server.terminate()
        self.server.wait(timeout=LONGEST_WAIT)

    def _place(self, name: str, line: int, column: int) -> dict[str, Any]:
        return {
            "textDocument": {"uri": f"file:///rules/{name}.yaml"},
            "position": {"line": line, "character": column},
        }

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self.server.stdin is not None
        self.server.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.server.stdin.flush()

    def _listen(self) -> None:
        stream = self.server.stdout
        assert stream is not None
        while line := stream.readline():
            length = int(line.split(b":")[1]) if line.lower().startswith(b"content-length") else 0
            if not length:
                continue
            while stream.readline().strip():
                pass
            message = json.loads(stream.read(length))
            if "method" in message and "id" in message:  # the server asks for the settings
                items = message["params"].get("items", []) if message.get("params") else []
                result = [self.settings.get(item.get("section", ""), {}) for item in items]
                self._send({"id": message["id"], "result": result or None})
            else:
                self.heard.put(message)

    def _wait(self, wanted: Any) -> dict[str, Any]:
        while True:
            message = self.heard.get(timeout=LONGEST_WAIT)
            if wanted(message):
                return message

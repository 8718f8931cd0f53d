"""A function's binary on its own: Lambda's Runtime API, for one process, with a clock and a look at its memory."""

import json
import os
import queue
import subprocess
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from .problem import Problem

LIMIT_SECONDS = 30.0


class Function:
    """A running function. `start_seconds` is the time from its start to its first question for work."""

    def __init__(self, binary: Path, environment: dict[str, str]) -> None:
        self._work: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self._done: queue.Queue[tuple[bool, Any]] = queue.Queue()
        self._asked = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        # A function that is killed breaks its connection off; that is no news.
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        began = time.perf_counter()
        self._process = subprocess.Popen(
            [str(binary)], env=self._environment(environment), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        self.lines: list[str] = []
        threading.Thread(target=self._read, daemon=True).start()
        try:
            if not self._asked.wait(LIMIT_SECONDS):
                raise Problem(f"{binary.parent.name} did not ask for work: {' '.join(self.lines)[-500:]}")
        except BaseException:
            self.stop()
            raise
        self.start_seconds = self._asked_at - began

    def _environment(self, more: dict[str, str]) -> dict[str, str]:
        port = self._server.server_address[1]
        return {
            "PATH": "/usr/bin:/bin",
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}",
            "AWS_LAMBDA_FUNCTION_NAME": "measured",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            **more,
        }

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.lines.append(line.decode(errors="replace"))

    def invoke(self, event: Any) -> tuple[Any, float]:
        """The answer and the seconds from giving the event to getting the answer. A fault is a Problem."""
        began = time.perf_counter()
        self._work.put((str(uuid.uuid4()), json.dumps(event).encode()))
        try:
            succeeded, answer = self._done.get(timeout=LIMIT_SECONDS)
        except queue.Empty:
            raise Problem(f"no answer: {' '.join(self.lines)[-500:]}") from None
        seconds = time.perf_counter() - began
        if not succeeded:
            raise Problem(f"the function failed: {answer}")
        return answer, seconds

    def memory_mib(self) -> float:
        """The most memory that it ever had in use, in MiB."""
        for line in Path(f"/proc/{self._process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 1024
        raise Problem("the memory of the function is not to be seen")

    def cpu_seconds(self) -> float:
        """Processor time that it has used so far."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        """Ends it."""
        self._process.kill()
        self._process.wait()
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> "Function":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        function = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:  # noqa: N802 (the name is the library's)
                if not function._asked.is_set():
                    function._asked_at = time.perf_counter()
                    function._asked.set()
                request, event = function._work.get()
                self._answer(200, event, {"Lambda-Runtime-Aws-Request-Id": request, "Lambda-Runtime-Deadline-Ms": _in_a_minute()})

            def do_POST(self) -> None:  # noqa: N802
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                self._answer(202, b"", {})
                succeeded = self.path.endswith("/response")
                function._done.put((succeeded, json.loads(body or b"null")))

            def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
                head = f"HTTP/1.1 {status} OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
                head += "".join(f"{name}: {value}\r\n" for name, value in headers.items())
                # In one piece: two would wait for each other's acknowledgement, and that would be measured.
                self.wfile.write(head.encode() + b"\r\n" + body)

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def _in_a_minute() -> str:
    return str(int((time.time() + 60) * 1000))


def request(method: str, path: str, **more: Any) -> dict[str, Any]:
    """An event of the HTTP API (payload 2.0)."""
    return {
        "version": "2.0",
        "routeKey": f"{method} {path}",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"content-type": "application/json"},
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "measured",
            "domainName": "localhost",
            "domainPrefix": "localhost",
            "requestId": "measured",
            "routeKey": f"{method} {path}",
            "stage": "$default",
            "time": "01/Jan/2027:00:00:00 +0000",
            "timeEpoch": 1798761600000,
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "bench"},
        },
        "isBase64Encoded": False,
        **more,
    }

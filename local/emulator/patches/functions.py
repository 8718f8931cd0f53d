"""Functions: quick when warm, and their output where `make logs` finds it."""

import os
import socketserver
import threading
from typing import Any

import ministack.core.lambda_runtime as runtime


def apply() -> None:
    """Puts the patches on."""
    _answer_without_delay()
    _wait_less_for_a_log_line()
    _be_patient()
    _keep_output()


def _answer_without_delay() -> None:
    # The Runtime API writes headers and body apart; with Nagle's algorithm the body then waits 40 ms for the other
    # side's delayed acknowledgement, on every warm invocation.
    socketserver.StreamRequestHandler.disable_nagle_algorithm = True


def _wait_less_for_a_log_line() -> None:
    # After each invocation MiniStack waits 50 ms for a first line on standard error. Ours logs before it answers, so
    # what is to come is already in the pipe. The others are MiniStack's own values (a pause that ends, and a limit).
    runtime.Worker._drain_stderr_bounded.__defaults__ = (0.002, 0.002, 0.25)


def _be_patient() -> None:
    # A laptop's two cores do the work of a region: what takes 10 s there says nothing about what it takes on AWS.
    factor = int(os.environ.get("LECTERN_FUNCTION_PATIENCE", "1"))
    original = runtime.ProvidedWorker.__init__

    def create(self: Any, *arguments: Any, **named: Any) -> None:
        original(self, *arguments, **named)
        self.config = {**self.config, "Timeout": self.config.get("Timeout", 3) * factor}

    if factor > 1:
        runtime.ProvidedWorker.__init__ = create


def _keep_output() -> None:
    # CloudWatch Logs has it too, but only for as long as the emulator's memory does.
    path = os.environ.get("LECTERN_FUNCTION_LOG")
    if not path:
        return
    lock = threading.Lock()
    log = open(path, "a", buffering=1, encoding="utf-8")
    original = runtime.ProvidedWorker._pump_output

    class Copying:
        """The function's output, of which each line is copied while it is read."""

        def __init__(self, stream: Any, name: str) -> None:
            self._stream, self._name = stream, name

        def readline(self) -> bytes:
            line = self._stream.readline()
            if line:
                with lock:
                    log.write(f"{self._name} {line.decode('utf-8', 'replace').rstrip()}\n")
            return line

        def close(self) -> None:
            self._stream.close()

    def pump(self: Any, stream: Any, log_queue: Any) -> None:
        original(self, Copying(stream, self.func_name), log_queue)

    runtime.ProvidedWorker._pump_output = pump

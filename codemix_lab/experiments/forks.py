"""A fork server: one process that loads the libraries once, and makes workers of itself in no time."""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, NoReturn, cast

from codemix_lab.experiments import processes

WORK = "codemix_lab.experiments.engines.work"
"""The engines' worker, named here because to import it is what takes long."""
CAN_FORK = sys.platform == "linux"
"""Elsewhere system libraries do not bear a fork; there, workers are started one by one."""
_ENV = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "PYTORCH_NVML_BASED_CUDA_CHECK": "1"}
"""No threads and no CUDA context before a fork."""


class ForkServer:
    """Forks processes that call `main(arguments)` of `module`, which it imports while its maker goes on.

    It ends with its maker; processes it made do not, and have to see to that themselves.
    """

    def __init__(self, module: str = WORK) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - `close` closes it
        self._server = subprocess.Popen(
            [sys.executable, "-m", __name__, module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env={**processes.environment(), **_ENV},
            start_new_session=True,
            bufsize=0,
        )
        self._asks, self._answers = (
            cast("IO[bytes]", self._server.stdin),
            cast("IO[bytes]", self._server.stdout),
        )
        os.set_blocking(self._answers.fileno(), False)
        self._heard, self._asked = b"", 0
        atexit.register(self.close)

    def fork(self, arguments: Sequence[str], folder: Path) -> int:
        """Ask for a process whose output goes into `folder`; the answer is its place among all asked for."""
        asked = {"arguments": list(arguments), "folder": str(folder), "cwd": str(Path.cwd())}
        with contextlib.suppress(BrokenPipeError):
            self._asks.write(json.dumps(asked).encode() + b"\n")
        self._asked += 1
        return self._asked - 1

    def pid(self, place: int) -> int | None:
        """Number of that process, or None while it has not been made."""
        with contextlib.suppress(ValueError):
            self._heard += self._answers.read() or b""
        made = self._heard.split(b"\n")[:-1]
        return int(made[place]) if place < len(made) else None

    def is_alive(self) -> bool:
        """Whether it can still make processes."""
        return self._server.poll() is None

    def last_words(self) -> str:
        """The last line of its own errors, such as an import that failed."""
        if self._errors.closed:
            return ""
        self._errors.seek(0)
        return "".join(self._errors.read().decode("utf-8", "replace").strip().splitlines()[-1:])

    def close(self) -> None:
        """End it, and none of the processes it made."""
        atexit.unregister(self.close)
        with contextlib.suppress(BrokenPipeError):
            self._asks.close()
        self._server.terminate()
        self._server.wait()
        self._answers.close()
        self._errors.close()


def serve(name: str) -> None:
    """Import, then make a process for every line of stdin, and say its number on stdout."""
    answers = os.dup(1)
    os.dup2(2, 1)
    gc.disable()  # half a million objects come and none goes: looking for it takes a quarter of the loading time
    module = importlib.import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    gc.freeze()
    gc.enable()
    for line in iter(sys.stdin.buffer.readline, b""):
        pid = os.fork()
        if pid == 0:
            os.close(answers)
            _become(module, json.loads(line))
        os.write(answers, b"%d\n" % pid)


def _become(module: Any, asked: dict[str, Any]) -> NoReturn:
    """Be the process that was asked for, to its end."""
    code = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for number, name in ((0, os.devnull), (1, "stdout"), (2, "stderr")):
            opened = os.open(Path(asked["folder"]) / name, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
            os.dup2(opened, number)
            os.close(opened)
        os.chdir(asked["cwd"])
        code = int(module.main(asked["arguments"]))
    except BaseException:  # noqa: BLE001 - a child must never come back into the server's loop
        traceback.print_exc()
    finally:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    serve(sys.argv[1])

"""The web server as `make run` starts it."""

import http.client
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from payment_engine.devserver.processes import free_port, stop
from payment_engine.devserver.stack import DevRun, _web

WORKERS = 2
_READY_SECONDS = 60.0


class Web:
    def __init__(self, *, environment: Mapping[str, str], folder: Path) -> None:
        self.port = free_port()
        self._run = DevRun(port=self.port, data_dir=folder, workers=WORKERS, reset=False)
        self._log = (folder / "web.log").open("ab")
        service = _web(self._run, environment)
        self._process = service.launch(self._log.fileno())
        self.pid = self._process.pid
        self._wait_ready()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        stop(self._process, (signal.SIGTERM, 10.0))
        self._log.close()

    def _wait_ready(self) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                log = Path(self._log.name).read_text(errors="replace")[-4000:]
                raise RuntimeError(f"the web server did not come up:\n{log}")
            time.sleep(0.1)

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

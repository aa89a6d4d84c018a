"""What the end-to-end tests share: a private redis-server, the real daemons on
free ports under a temporary directory, senders, and patient waiting.

Nothing is mocked. Every server that a fixture starts, it stops.
"""
import contextlib
import fcntl
import os
import pathlib
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time

import pytest
import redis as redis_py
import requests
from selenium.common.exceptions import StaleElementReferenceException

# What fails within these tells its values, as it does in a test.
pytest.register_assert_rewrite("analyzers", "books", "importing", "incidents", "pages", "rollups", "senders", "storage",
                               "webapp")

# Sanitizer builds and busy machines are slow: a wait is a bound on patience, never a measurement.
PATIENCE_S = 180

from books import books
from chromium import chromium, driver  # noqa: F401: fixtures

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("RIDGELINE_BUILD", ROOT / "build"))
# Below those that the kernel gives to whoever asks for any.
PORTS = range(12000, 32000)
# Of sanitizer builds: what libraries are known to leave.
os.environ.setdefault("LSAN_OPTIONS", f"suppressions={ROOT}/tests/lsan.supp:print_suppressions=0")


def pytest_configure(config):
    config.addinivalue_line("markers", "long: takes minutes, and begins before all others")


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.get_closest_marker("long") is None)  # stable: the others stay in their order


def wait_for(what, check, patience_s=PATIENCE_S, every_s=0.1):
    """The first truthy value of check(); fails with `what` when none comes in time. An element that the page drew anew
    between the finding and the asking is looked for again."""
    deadline = time.monotonic() + patience_s
    while True:
        try:
            value = check()
        except StaleElementReferenceException:
            value = None
        if value:
            return value
        assert time.monotonic() < deadline, f"waited {patience_s} s in vain for {what}; last {value!r}"
        time.sleep(every_s)


def answer(ask):
    """What ask() says once it does not say 503: a webapp that waited for Redis in vain asks for patience so, and a busy
    machine lets Redis wait for seconds."""
    said, = wait_for("Redis to answer the webapp", lambda: [r for r in [ask()] if r.status_code != 503])
    return said


def is_free(port):
    with contextlib.ExitStack() as held:
        try:
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                held.enter_context(socket.socket(type=kind)).bind(("127.0.0.1", port))
            return True
        except OSError:
            return False


def free_ports(n):
    """`n` ports that nobody listens on, all different. They are given out in turn, to all runs of this user, and the
    kernel gives them to nobody: a daemon may bind its own late, or once more."""
    ports = []
    with open(pathlib.Path(tempfile.gettempdir()) / f"ridgeline-test-ports.{os.getuid()}", "a+") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        turn.seek(0)
        port = int(turn.read() or PORTS.start)
        while len(ports) < n:
            port = port + 1 if port + 1 in PORTS else PORTS.start
            if is_free(port):
                ports.append(port)
        turn.truncate(0)
        turn.write(str(port))
    return ports


def canonical(t, v):
    """One point as Ridgeline stores it."""
    return struct.pack(">BBIBd", 0x92, 0xCE, int(t), 0xCB, v)


def points_of(client, name):
    """The stored points of a metric, canonical records only, in stored order."""
    raw = client.get("metrics." + name) or b""
    assert len(raw) % 15 == 0
    return [(t, v) for _, _, t, _, v in struct.iter_unpack(">BBIBd", raw)]


def assert_clean(log):
    """No sanitizer has spoken in this log: a daemon that it ended would only have been started again."""
    text = log.read_text(errors="replace")
    for report in ("AddressSanitizer", "LeakSanitizer", "runtime error:"):
        assert report not in text, text[text.index(report) - 200:][:5000]


def stop(process, patience_s=PATIENCE_S):
    """SIGTERM, then SIGKILL; the exit status."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(patience_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    return process.returncode


class RedisServer:
    """A redis-server of our own on a unix socket."""

    def __init__(self, directory, *options):
        self.directory = directory
        self.sock = str(directory / "redis.sock")
        self.options = options
        self.process = None
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", self.sock, "--dir", str(self.directory),
             "--save", "", "--loglevel", "warning", *self.options],
            stdout=subprocess.DEVNULL)
        self.client = redis_py.Redis(unix_socket_path=self.sock)
        wait_for("redis-server", self.answers)

    def answers(self):
        try:
            return self.client.ping()
        except redis_py.exceptions.RedisError:
            return False

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.client.close()
        stop(self.process)


@pytest.fixture
def redis_server(tmp_path):
    directory = tmp_path / "redis"
    directory.mkdir()
    server = RedisServer(directory)
    yield server
    server.stop()


@pytest.fixture
def redis(redis_server):
    """A client bound to a fresh redis-server; its socket path is `redis.sock`."""
    redis_server.client.sock = redis_server.sock
    return redis_server.client


def write_settings(path, text):
    path.write_text(text)
    return path


class Daemon:
    """One real daemon of ours, its log in a file."""

    def __init__(self, name, directory, settings, *arguments):
        self.name, self.directory, self.settings, self.arguments = name, directory, settings, arguments
        self.log = directory / f"{name}.log"
        self.process = None
        self.start()

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [str(BUILD / self.name), "--settings", str(self.settings), "--state-dir", str(self.directory),
                 *self.arguments], stdout=log, stderr=log)

    def logged(self, text):
        return text in self.log.read_text(errors="replace")

    def wait_ready(self):
        wait_for(f"{self.name} to be ready", lambda: self.logged("event=ready") or self.process.poll() is not None)
        assert self.process.poll() is None, self.log.read_text(errors="replace")
        return self

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        return stop(self.process)


@pytest.fixture
def daemons(tmp_path):
    """Starts daemons that end with the test: daemons(name, settings_path, *arguments)."""
    started = []

    def begin(name, settings, *arguments):
        d = Daemon(name, tmp_path, settings, *arguments)
        started.append(d)
        return d

    yield begin
    for d in reversed(started):
        d.stop()
    for d in started:
        assert_clean(d.log)


# What most tests send reaches back a day, and they look at each point of it again.
RAW_DAY = 'retention = "10s:24h,1m:3d,10m:14d";'

SETTINGS = """
horizon: {{
  carbon_line = "127.0.0.1:{line}"; carbon_udp = "127.0.0.1:{udp}"; carbon_pickle = "127.0.0.1:{pickle}";
  skyline_udp = "127.0.0.1:{skyline}"; max_age = "{max_age}"; {horizon}
}};
analyzer: {{ {analyzer} }};
roomba: {{ {roomba} }};
webapp: {{ listen = "127.0.0.1:{page}"; }};
{more}
"""


@pytest.fixture
def horizons(redis, daemons, tmp_path):
    """horizons(instance, statsd, horizon): horizons alone, on one Redis that nobody else writes to."""
    def begin(instance="", statsd="", horizon=""):
        line, udp, pickle, skyline, page, statsd_port = free_ports(6)
        settings = write_settings(tmp_path / f"horizon{instance}.conf", SETTINGS.format(
            line=line, udp=udp, pickle=pickle, skyline=skyline, page=page, horizon=f"self_metrics = false; {horizon}",
            analyzer="", roomba="", max_age="23h", more=f'{RAW_DAY} redis = "unix:{redis.sock}"; '
            f'instance = "{instance}"; '
            f'statsd: {{ listen = "127.0.0.1:{statsd_port}"; {statsd} }};'))
        d = daemons("horizon", settings)
        d.redis, d.line, d.udp, d.pickle, d.skyline, d.statsd = redis, line, udp, pickle, skyline, statsd_port
        d.stats = "horizon" + ("@" + instance if instance else "")
        wait_for("the books", lambda: "received" in books(d, d.stats) or d.process.poll() is not None)
        assert d.process.poll() is None, d.log.read_text(errors="replace")
        return d

    return begin


@pytest.fixture
def horizon(horizons):
    return horizons()


class Ridgeline:
    """`ridgeline run` as an operator starts it."""

    def __init__(self, directory, horizon="self_metrics = false;", analyzer="", roomba="", more="", max_age="23h",
                 pickle=None, statsd="", retention=RAW_DAY):
        self.directory = directory
        self.state = directory / "state"
        self.line, self.udp, self.pickle, self.skyline, self.page_port, self.statsd = free_ports(6)
        self.pickle = pickle or self.pickle
        self.page = f"http://127.0.0.1:{self.page_port}"
        self.sock = str(self.state / "redis.sock")
        self.settings = write_settings(directory / "settings.conf", SETTINGS.format(
            line=self.line, udp=self.udp, pickle=self.pickle, skyline=self.skyline, page=self.page_port,
            horizon=horizon, analyzer=analyzer, roomba=roomba, max_age=max_age,
            more=f'statsd: {{ listen = "127.0.0.1:{self.statsd}"; {statsd} }};\n{retention}\n{more}'))
        self.log = directory / "ridgeline.log"
        self.start()

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [str(BUILD / "ridgeline"), "run", "--settings", str(self.settings), "--state-dir", str(self.state)],
                stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True)
        self.ready = ""

        def read():
            self.ready = self.process.stdout.readline()

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        reader.join(PATIENCE_S)
        assert self.ready.startswith("ready "), self.log.read_text(errors="replace")
        self.redis = redis_py.Redis(unix_socket_path=self.sock)

    def pids(self, name):
        """The processes of this run named `name`, the oldest (the parent) first."""
        out = subprocess.run(["ps", "-eo", "pid,ppid,comm"], capture_output=True, text=True, check=True).stdout
        rows = [line.split(None, 2) for line in out.splitlines()[1:]]
        family, found = {str(self.process.pid)}, []
        for pid, parent, command in sorted(rows, key=lambda r: int(r[0])):
            if parent in family:
                family.add(pid)
                if command.startswith(name[:15]):
                    found.append(int(pid))
        return found

    def kill(self, name, which=0):
        os.kill(self.pids(name)[which], signal.SIGKILL)

    def get(self, path, **parameters):
        return answer(lambda: requests.get(self.page + path, params=parameters, timeout=PATIENCE_S))

    def anomalies(self, **parameters):
        return self.get("/api/anomalies", **parameters).json()["anomalies"]

    def send_lines(self, lines):
        """Sends carbon lines over one TCP connection."""
        with socket.create_connection(("127.0.0.1", self.line)) as s:
            s.sendall("".join(line + "\n" for line in lines).encode())

    def counter(self, process, field):
        return int(self.redis.hget(f"ridgeline:stats:{process}", field) or 0)

    def judged(self):
        """The points that all workers have judged, as they save it each second."""
        workers = [key.decode().rsplit(":", 1)[1] for key in self.redis.keys("ridgeline:stats:analyzer.*")]
        return sum(self.counter(worker, "judged") for worker in workers)

    def stop(self):
        self.process.stdout.close()
        return stop(self.process)


@pytest.fixture
def ridgeline_factory(tmp_path):
    """ridgeline_factory(**settings): `ridgeline run`s that end with the test."""
    started = []

    def begin(**settings):
        directory = tmp_path / f"run{len(started)}"
        directory.mkdir()
        r = Ridgeline(directory, **settings)
        started.append(r)
        return r

    yield begin
    for r in started:
        r.stop()
    for r in started:
        assert_clean(r.log)


@pytest.fixture
def ridgeline(ridgeline_factory):
    """One `ridgeline run` with the settings of SETTINGS."""
    return ridgeline_factory()

"""The senders that sites really run, each started for a test and stopped after it."""
import contextlib
import os
import pathlib
import pickle
import random
import select
import signal
import socket
import struct
import subprocess
import threading

from conftest import PATIENCE_S, free_ports, stop, wait_for


def accepts(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


def send_tcp(port, payload):
    """Sends bytes over one connection, and ends it in order."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as s:
        s.sendall(payload)


def is_read(port):
    """Whether who listens on it has read what it was sent: its sockets' buffers are empty."""
    with open("/proc/net/tcp") as f:
        rows = [line.split() for line in f.readlines()[1:]]
    here = f":{port:04X}"
    return all(row[4].endswith(":00000000") for row in rows if row[1].endswith(here) and row[3] != "0A")


def line_payload(points):
    """Carbon lines of (name, t, value) points."""
    return "".join(f"{name} {value!r} {t}\n" for name, t, value in points).encode()


def pickle_frames(points, protocol=2, batch=500):
    """Carbon pickle messages of (name, t, value) points."""
    frames = []
    for i in range(0, len(points), batch):
        body = pickle.dumps([(n, (t, v)) for n, t, v in points[i:i + batch]], protocol=protocol)
        frames.append(struct.pack(">I", len(body)) + body)
    return b"".join(frames)


class Relay:
    """A relay process with a line port of its own."""

    def send(self, points):
        send_tcp(self.port, line_payload(points))

    def stop(self):
        stop(self.process)


CARBON_CONF = """
[relay]
LINE_RECEIVER_INTERFACE = 127.0.0.1
LINE_RECEIVER_PORT = {line}
PICKLE_RECEIVER_INTERFACE = 127.0.0.1
PICKLE_RECEIVER_PORT = {pickle}
RELAY_METHOD = consistent-hashing
DESTINATIONS = {to}
DESTINATION_PROTOCOL = {protocol}
MAX_QUEUE_SIZE = 1000000
CARBON_METRIC_INTERVAL = 0
MAX_DATAPOINTS_PER_MESSAGE = 500
USE_FLOW_CONTROL = True
STORAGE_DIR = {dir}
LOG_DIR = {dir}
PID_DIR = {dir}
CONF_DIR = {dir}
"""


class CarbonRelay(Relay):
    """graphite-carbon's carbon-relay, hashing names over its destinations; `protocol` is "pickle" or "line"."""

    def __init__(self, directory, to_ports, protocol):
        directory = pathlib.Path(directory)
        directory.mkdir()
        self.port, pickle_port = free_ports(2)
        (directory / "carbon.conf").write_text(CARBON_CONF.format(
            line=self.port, pickle=pickle_port, protocol=protocol, dir=directory,
            to=", ".join(f"127.0.0.1:{port}:{i}" for i, port in enumerate(to_ports))))
        (directory / "storage-schemas.conf").write_text("[all]\npattern = .*\nretentions = 60s:1d\n")
        with open(directory / "log", "wb") as log:
            self.process = subprocess.Popen(
                ["carbon-relay", f"--config={directory}/carbon.conf", "--nodaemon",
                 f"--pidfile={directory}/pid", "start"],
                stdout=log, stderr=log, env={**os.environ, "GRAPHITE_ROOT": str(directory)})
        wait_for("carbon-relay", lambda: accepts(self.port))


class CarbonCRelay(Relay):
    """carbon-c-relay, forwarding lines."""

    def __init__(self, directory, to_port):
        directory = pathlib.Path(directory)
        directory.mkdir()
        (self.port,) = free_ports(1)
        (directory / "conf").write_text(
            f"cluster ridgeline forward 127.0.0.1:{to_port};\nmatch * send to ridgeline stop;\n")
        with open(directory / "log", "wb") as log:
            self.process = subprocess.Popen(
                ["carbon-c-relay", "-f", str(directory / "conf"), "-p", str(self.port), "-s", "-q", "1000000"],
                stdout=log, stderr=log)
        # It listens before its startup is over, and crashes if anyone connects before that.
        wait_for("carbon-c-relay", lambda: "startup sequence complete" in (directory / "log").read_text())


COLLECTD_CONF = """
Hostname "site"
FQDNLookup false
PIDFile "{dir}/pid"
BaseDir "{dir}"
LoadPlugin unixsock
LoadPlugin write_graphite
<Plugin unixsock>
  SocketFile "{dir}/sock"
</Plugin>
<Plugin write_graphite>
  <Node "ridgeline">
    Host "127.0.0.1"
    Port "{to}"
    Protocol "{protocol}"
  </Node>
</Plugin>
"""


class Collectd(Relay):
    """collectd with write_graphite; what it is to send is put into it as its own tool collectdctl does."""

    def __init__(self, directory, to_port, protocol):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir()
        (self.directory / "conf").write_text(COLLECTD_CONF.format(dir=directory, to=to_port, protocol=protocol))
        with open(self.directory / "log", "wb") as log:
            self.process = subprocess.Popen(["collectd", "-f", "-C", str(self.directory / "conf")], stdout=log,
                                            stderr=log)
        wait_for("collectd", (self.directory / "sock").exists)

    def command(self, text):
        self.socket.sendall(text.encode() + b"\n")
        answer = self.answers.readline()
        assert answer.startswith("0 "), answer

    def send(self, points, have_arrived):
        """The names are those that collectd makes of HOST/PLUGIN/TYPE-INSTANCE. It is asked to flush until they are
        there: what is in its queue when it stops it may leave behind."""
        with socket.socket(socket.AF_UNIX) as self.socket, self.socket.makefile() as self.answers:
            self.socket.connect(str(self.directory / "sock"))
            for name, t, v in points:
                self.command(f'PUTVAL "{name.replace(".", "/")}" interval=10 {t}:{v!r}')
            wait_for("collectd's last points", lambda: self.command("FLUSH") or have_arrived())


class Metric:
    """A made series: noise around a level, any point at any time. Its noise is that of its name and of the time since
    `origin`, so that each run sends the same values: by chance nothing opens, or fails to."""

    def __init__(self, name, origin, level=100.0, noise=2.0):
        self.name, self.origin, self.level, self.noise = name, origin, level, noise

    def point(self, t, add=0.0):
        noise = random.Random(f"{self.name}@{t - self.origin}").gauss(0, self.noise)
        return (self.name, t, round(self.level + noise + add, 6))


def freeze(pid):
    """Stops a process where it stands; thaw() lets it go on."""
    os.kill(pid, signal.SIGSTOP)


def thaw(pid):
    os.kill(pid, signal.SIGCONT)


class Proxy:
    """A unix socket before Redis's."""

    def __init__(self, path, redis_sock):
        self.sock, self.redis_sock = str(path), redis_sock

    def __enter__(self):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.sock)
        self.listener.listen()
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.forward, args=(client,), daemon=True).start()

    def forward(self, client):
        with client, socket.socket(socket.AF_UNIX) as redis, contextlib.suppress(OSError):
            redis.connect(self.redis_sock)
            while True:
                for source in select.select([client, redis], [], [])[0]:
                    data = source.recv(65536)
                    if source is client:
                        self.before(data)
                    (redis if source is client else client).sendall(data)
                    if not data or (source is client and self.ends(data, redis)):
                        return

    def before(self, data):
        """What a client sent is about to reach Redis."""

    def ends(self, data, redis):
        """It has reached Redis. Whether the connection is to end now."""
        return False


class LosingProxy(Proxy):
    """The first command with `marker` in it reaches Redis, but its reply is lost with its connection."""

    def __init__(self, path, redis_sock, marker):
        super().__init__(path, redis_sock)
        self.marker, self.lost = marker, threading.Event()

    def ends(self, data, redis):
        if self.marker not in data or self.lost.is_set():
            return False
        redis.recv(65536)
        self.lost.set()
        return True


class RacingProxy(Proxy):
    """Calls `act` once, before the first command of this kind for `key` reaches Redis: what another does between a
    client's reading and its writing."""

    def __init__(self, path, redis_sock, command, key, act):
        super().__init__(path, redis_sock)
        self.command, self.key, self.act, self.acted = command, key, act, threading.Event()

    def before(self, data):
        if not self.acted.is_set() and self.command in data and self.key in data:
            self.act()
            self.acted.set()

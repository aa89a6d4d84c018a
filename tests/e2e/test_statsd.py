"""StatsD over UDP and TCP: the same traffic to StatsD itself and to horizon gives the same points, and every sample
is accounted for."""
import collections
import fcntl
import json
import math
import random
import re
import socket
import socketserver
import subprocess
import threading
import time

import pytest

from conftest import ROOT, SETTINGS, free_ports, points_of, stop, wait_for, write_settings
from senders import send_tcp

INTERVAL_S = 3
REASONS = ("malformed", "too_long", "truncated", "forbidden", "bad_name", "not_a_number", "bad_time", "too_old",
           "in_future", "denied", "over_limit", "bad_type", "bad_rate", "negative")


def send_udp(port, *datagrams):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        for datagram in datagrams:
            s.sendto(datagram.encode(), ("127.0.0.1", port))


class Horizon:
    """horizon alone, with StatsD on a port of its own."""

    def __init__(self, daemons, redis, directory, statsd):
        line, udp, pickle, page, self.port = free_ports(5)
        self.redis = redis
        settings = write_settings(directory / "settings.conf", SETTINGS.format(
            line=line, udp=udp, pickle=pickle, page=page, horizon="self_metrics = false;", analyzer="", roomba="",
            more=f'redis = "unix:{redis.sock}"; statsd: {{ listen = "127.0.0.1:{self.port}"; {statsd} }};',
            max_age="23h"))
        self.daemon = daemons("horizon", settings).wait_ready()
        wait_for("the books", lambda: "received" in self.books())

    def books(self):
        return {k.decode(): v.decode() for k, v in self.redis.hgetall("ridgeline:stats:horizon").items()}

    def count(self, field):
        return int(self.books()[field])

    def rejected(self, reason):
        return self.count(f"statsd_rejected|reason={reason}")

    def names(self):
        return {k.decode()[8:] for k in self.redis.keys("metrics.*")} - {"unique_metrics"}

    def assert_reconciled(self):
        b = {k: int(v) for k, v in self.books().items() if v.isdigit()}
        assert b["received"] == b["accepted"] + b["rejected"]
        assert b["accepted"] == b["stored"] + b["queued"] + b["dropped"]
        assert b["statsd_received"] == b["statsd_accepted"] + b["statsd_rejected"]
        assert b["statsd_rejected"] == sum(b[f"statsd_rejected|reason={r}"] for r in REASONS)
        assert b["statsd_received"] == sum(b[f"statsd_received|listener=statsd_{t}"] for t in ("udp", "tcp"))
        senders = json.loads(self.books()["senders"])
        for unit, prefix in (("points", ""), ("samples", "statsd_")):
            assert sum(s["received"] for s in senders if s["unit"] == unit) == b[prefix + "received"]


@pytest.fixture
def horizon(daemons, redis, tmp_path):
    """horizon(statsd settings)."""
    return lambda statsd: Horizon(daemons, redis, tmp_path, statsd)


class Carbon:
    """Takes carbon lines; each connection is one flush of StatsD's graphite backend."""

    def __init__(self):
        flushes = self.flushes = []

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                flushes.append([line.split() for line in self.rfile.read().decode().splitlines()])

        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture(scope="session")
def statsd_program(tmp_path_factory):
    """StatsD from its npm package, installed under build/npm once."""
    with open(tmp_path_factory.getbasetemp().parent / "npm.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        subprocess.run(["make", "-C", str(ROOT), "statsd-reference"], check=True)
    return ROOT / "build/npm/node_modules/statsd"


class Statsd:
    """StatsD as its users run it, its points in `carbon`."""

    def __init__(self, program, directory, carbon, config):
        self.carbon = carbon
        self.port, management = free_ports(2)
        servers = [{"server": f"./servers/{kind}", "address": "127.0.0.1", "port": self.port} for kind in ("udp", "tcp")]
        path = directory / "statsd.json"
        path.write_text(json.dumps({
            "graphiteHost": "127.0.0.1", "graphitePort": carbon.port, "mgmt_address": "127.0.0.1",
            "mgmt_port": management, "flushInterval": INTERVAL_S * 1000, "servers": servers,
            "automaticConfigReload": False, **config}))
        self.log = open(directory / "statsd.log", "wb")
        self.process = subprocess.Popen(["node", "stats.js", str(path)], cwd=program, stdout=self.log, stderr=self.log)
        wait_for("a flush of statsd", lambda: self.carbon.flushes)

    def stop(self):
        stop(self.process)
        self.log.close()


@pytest.fixture
def statsd(statsd_program, tmp_path):
    """statsd(config): a StatsD that ends with the test."""
    carbon, started = Carbon(), []

    def begin(config):
        started.append(Statsd(statsd_program, tmp_path, carbon, config))
        return started[0]

    yield begin
    for s in started:
        s.stop()
    carbon.stop()


def traffic(seed, names):
    """Lines of samples of every kind, and of some that both must refuse; and how many samples those are."""
    rnd = random.Random(seed)
    number = lambda: rnd.choice([str(rnd.randrange(1000)), f"{rnd.uniform(0, 100):.3f}", f"{rnd.random():.2e}"])
    rate = lambda: rnd.choice(["", "", "|@0.1", "|@0.5", "|@0.25"])
    sample = {
        "c": lambda: f"{rnd.choice(['', '-'])}{number()}|c{rate()}",
        "ms": lambda: f"{number()}|ms{rate()}",
        "g": lambda: f"{rnd.choice(['', '+', '-'])}{number()}|g",
        "s": lambda: f"{rnd.choice(['alice', 'bob', 'x y', '', '7', '007'])}|s",
        "bad": lambda: rnd.choice(["x|c", "|c", "-3|ms", "1|c|0.1", "1|g|@x", "1|ms|@-1"]),
    }
    lines, samples = [f"{names[0]}:", f"{names[0]}:1", names[0]], 3
    for _ in range(600):
        kinds = rnd.choices(["c", "ms", "g", "s", "bad"], [3, 3, 3, 3, 1], k=rnd.choice([1, 1, 1, 2, 3]))
        tags = rnd.choice(["", "", "|#dc:lon", "|#os:linux,dc:par", "|#url:http://x/y"])
        lines.append(f"{rnd.choice(names)}:{':'.join(sample[k]() for k in kinds)}{tags}")
        samples += len(kinds)
    return lines, samples


class Traffic:
    """The same lines for both, half of them over UDP and half over TCP, under names that begin with `prefix`."""

    def __init__(self, seed, prefix):
        odd = ("plain", "with blank  s", "sla/sh", "odd(c)h%a*r", "UPPER-9_", "d..ots")
        udp, n_udp = traffic(seed, [f"{prefix}.udp.{name}" for name in odd + ("\u00e9",)])
        tcp, n_tcp = traffic(seed + 1, [f"{prefix}.tcp.{name}" for name in odd])
        self.lines, self.samples = len(udp) + len(tcp), n_udp + n_tcp
        self.stream = "".join(line + "\n" for line in tcp).encode()
        self.datagrams = ["\n".join(udp[i:i + 9]) + "\n" * (i % 2) for i in range(0, len(udp), 9)]

    def send(self, port):
        send_udp(port, *self.datagrams)
        send_tcp(port, self.stream)


def canonical_name(name):
    """Tags in carbon's order, which it makes of any."""
    plain, *tags = name.split(";")
    return ";".join([plain, *sorted(tags)])


def through_statsd(statsd, sent):
    """The flush that has all of it and the next one, {name: value} each, and how many bad samples there were. None
    when a flush came in between."""
    flushes = statsd.carbon.flushes
    first = len(flushes) + 1
    wait_for("a flush", lambda: len(flushes) == first, every_s=0.01)
    sent.send(statsd.port)
    wait_for("two flushes", lambda: len(flushes) >= first + 2)
    whole, idle = ({name: float(value) for name, value, _ in flush} for flush in flushes[first:first + 2])
    counts = {n: v for n, v in whole.items() if re.search(r"^stats_counts\.|\.count(\.|$)", n)}
    count = lambda what: next(v for n, v in counts.items() if f".statsd.{what}" in n)
    if count("metrics_received") != sent.lines:
        return None
    points = [{canonical_name(n): v for n, v in flush.items() if not re.search(r"(^|\.)statsd\.", n)}
              for flush in (whole, idle)]
    return *points, count("bad_lines_seen")


def through_horizon(horizon, sent):
    """The same of horizon."""
    before, known = horizon.books(), horizon.names()
    flushes = int(before["statsd_flushes"]) + 1
    wait_for("a flush", lambda: horizon.count("statsd_flushes") == flushes, every_s=0.01)
    sent.send(horizon.port)
    all_of_it = int(before["statsd_received"]) + sent.samples
    after = wait_for("all of it", lambda: (b := horizon.books())["statsd_received"] == str(all_of_it) and b)
    wait_for("two flushes", lambda: (b := horizon.books())["queued"] == "0" and
             int(b["statsd_flushes"]) >= flushes + 2)
    if int(after["statsd_flushes"]) != flushes:
        return None
    points = {n: points_of(horizon.redis, n) for n in horizon.names() - known}
    assert all(t % INTERVAL_S == 0 for p in points.values() for t, _ in p)
    assert len({p[0][0] for p in points.values()}) == 1
    rejected = int(after["statsd_rejected"]) - int(before["statsd_rejected"])
    return {n: p[0][1] for n, p in points.items()}, {n: p[1][1] for n, p in points.items() if len(p) > 1}, rejected


def assert_same_points(ours, theirs):
    assert ours.keys() == theirs.keys()
    different = {n: (ours[n], v) for n, v in theirs.items() if not math.isclose(ours[n], v, rel_tol=1e-12, abs_tol=1e-9)}
    assert not different


CONFIGS = {
    "legacy": ({}, ""),
    "new": ({"percentThreshold": [50, 99.9, -10],
             "graphite": {"legacyNamespace": False, "globalPrefix": "site", "prefixTimer": "t", "prefixSet": "",
                          "globalSuffix": "web1"}},
            'percentiles = "50,99.9,-10"; legacy_namespace = false; global_prefix = "site"; prefix_timer = "t"; '
            'prefix_set = ""; global_suffix = "web1";'),
    "idle_deleted": ({"deleteIdleStats": True},
                     "delete_idle_counters = true; delete_idle_timers = true; "
                     "delete_idle_gauges = true; delete_idle_sets = true;"),
}


@pytest.mark.parametrize("config", CONFIGS)
def test_the_same_traffic_gives_the_points_that_statsd_gives(horizon, statsd, config):
    theirs_config, ours_config = CONFIGS[config]
    reference = statsd(theirs_config)
    own = horizon(f'flush_interval = "{INTERVAL_S}s"; {ours_config}')

    def within_one_interval(through, program):
        """The same again, under other names, until no flush comes in between."""
        return next(r for i in range(10) if (r := through(program, Traffic(5, f"try{i}"))))

    theirs, theirs_idle, bad = within_one_interval(through_statsd, reference)
    ours, ours_idle, rejected = within_one_interval(through_horizon, own)
    renamed = lambda points: {re.sub(r"try\d", "try", n): v for n, v in points.items()}
    assert len(ours) > 500
    assert_same_points(renamed(ours), renamed(theirs))
    assert_same_points(renamed(ours_idle), renamed(theirs_idle))
    assert rejected == bad > 50
    own.assert_reconciled()

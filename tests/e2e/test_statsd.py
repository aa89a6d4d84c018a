"""StatsD over UDP and TCP: the same traffic to StatsD itself and to horizon gives the same points, and every sample
is accounted for."""
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

from books import REASONS, assert_reconciled, books
from conftest import ROOT, free_ports, points_of, stop, wait_for
from senders import freeze, send_tcp, thaw

INTERVAL_S = 3


def no_flush():
    """Settings whose next flush is minutes away: intervals end at whole multiples of the clock."""
    far = next(m for m in (60, 59, 53) if m * 60 - time.time() % (m * 60) > 600)
    return f'flush_interval = "{far}m";'


def send_udp(port, *datagrams):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        for datagram in datagrams:
            s.sendto(datagram.encode(), ("127.0.0.1", port))


class Horizon:
    """horizon alone, with its accounting at hand."""

    def __init__(self, daemon):
        self.daemon, self.redis, self.port = daemon, daemon.redis, daemon.statsd

    def count(self, field):
        return int(books(self.daemon)[field])

    def rejected(self, reason):
        return self.count(f"statsd_rejected|reason={reason}")

    def names(self):
        return {k.decode()[8:] for k in self.redis.keys("metrics.*")} - {"unique_metrics"}

    def assert_reconciled(self):
        assert_reconciled(self.daemon)
        fields = books(self.daemon)
        b = {k: int(v) for k, v in fields.items() if v.isdigit()}
        assert b["statsd_received"] == b["statsd_accepted"] + b["statsd_rejected"]
        assert b["statsd_rejected"] == sum(b[f"statsd_rejected|reason={r}"] for r in REASONS)
        assert b["statsd_received"] == sum(b[f"statsd_received|listener=statsd_{t}"] for t in ("udp", "tcp"))
        senders = json.loads(fields["senders"])
        for unit, prefix in (("points", ""), ("samples", "statsd_")):
            assert sum(s["received"] for s in senders if s["unit"] == unit) == b[prefix + "received"]


@pytest.fixture
def horizon(horizons):
    """horizon(statsd settings)."""
    return lambda statsd: Horizon(horizons(statsd=statsd))


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
        servers = [{"server": f"./servers/{kind}", "address": "127.0.0.1", "port": self.port}
                   for kind in ("udp", "tcp")]
        path = directory / "statsd.json"
        path.write_text(json.dumps({
            "graphiteHost": "127.0.0.1", "graphitePort": carbon.port, "mgmt_address": "127.0.0.1",
            "mgmt_port": management, "flushInterval": INTERVAL_S * 1000, "servers": servers,
            "backends": ["./backends/graphite"], "automaticConfigReload": False, **config}))
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
    before, known = books(horizon.daemon), horizon.names()
    flushes = int(before["statsd_flushes"]) + 1
    wait_for("a flush", lambda: horizon.count("statsd_flushes") == flushes, every_s=0.01)
    sent.send(horizon.port)
    all_of_it = int(before["statsd_received"]) + sent.samples
    after = wait_for("all of it", lambda: (b := books(horizon.daemon))["statsd_received"] == str(all_of_it) and b)
    wait_for("two flushes", lambda: (b := books(horizon.daemon))["queued"] == "0" and
             int(b["statsd_flushes"]) >= flushes + 2)
    if int(after["statsd_flushes"]) != flushes:
        return None
    points = {n: points_of(horizon.redis, n) for n in horizon.names() - known}
    assert all(t % INTERVAL_S == 0 for p in points.values() for t, _ in p)
    assert len({p[0][0] for p in points.values()}) == 1
    if any(p[0][1] != points[n.replace(".count_ps", ".count")][0][1] / INTERVAL_S
           for n, p in points.items() if ".count_ps" in n):
        return None  # a flush that comes late divides by the time that it took
    rejected = int(after["statsd_rejected"]) - int(before["statsd_rejected"])
    return {n: p[0][1] for n, p in points.items()}, {n: p[1][1] for n, p in points.items() if len(p) > 1}, rejected


def assert_same_points(ours, theirs):
    assert ours.keys() == theirs.keys()
    same = lambda a, b: math.isclose(a, b, rel_tol=1e-12, abs_tol=1e-9)
    different = {n: (ours[n], v) for n, v in theirs.items() if not same(ours[n], v)}
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
        """The same again, under other names, until no flush comes in between, or late."""
        return next(r for i in range(40) if (r := through(program, Traffic(5, f"try{i}"))))

    theirs, theirs_idle, bad = within_one_interval(through_statsd, reference)
    ours, ours_idle, rejected = within_one_interval(through_horizon, own)
    renamed = lambda points: {re.sub(r"try\d+", "try", n): v for n, v in points.items()}
    assert len(ours) > 500
    assert_same_points(renamed(ours), renamed(theirs))
    assert_same_points(renamed(ours_idle), renamed(theirs_idle))
    assert rejected == bad > 50
    own.assert_reconciled()


def test_what_statsd_repeats_is_taken(horizon, statsd):
    own = horizon('flush_interval = "1s";')
    reference = statsd({"backends": ["./backends/graphite", "./backends/repeater"],
                        "repeater": [{"host": "127.0.0.1", "port": own.port}]})
    send_udp(reference.port, "shop.orders:3|c\nshop.orders:4|c", "shop.basket:12|g")
    wait_for("the count", lambda: sum(v for _, v in points_of(own.redis, "stats_counts.shop.orders")) == 7)
    wait_for("the gauge", lambda: (12.0 in (v for _, v in points_of(own.redis, "stats.gauges.shop.basket"))))


def test_every_sample_is_accounted_for_by_reason_listener_and_sender(horizon):
    own = horizon(no_flush() + 'max_set_values = 3;')
    bad = {"malformed": ["no line", "a:x|c", "a:1|c|0.1"], "bad_name": ["():1|c", "a:1|c|#x:", f"{'n' * 600}:1|c"],
           "bad_type": ["a:1|x"], "bad_rate": ["a:1|c|@0"], "not_a_number": ["a:nan|g", "a:1e308|c", "a:1e308|c"],
           "negative": ["a:-1|ms"], "too_long": ["y" * 5000], "over_limit": [f"u:{i}|s" for i in range(5)]}
    good = ["a:1|c", "a:2|ms|@0.1|#dc:lon", "a:3:4:5|h", "u:0|s"]  # packed values are three
    for reason, lines in bad.items():
        send_udp(own.port, *(line + "\n" + good[i % 3] for i, line in enumerate(lines)))
    send_tcp(own.port, ("\n".join(line for lines in bad.values() for line in lines) + "\nwithout.newline:1").encode())
    n_bad = sum(map(len, bad.values()))
    wait_for("all of it", lambda: own.count("statsd_received|listener=statsd_tcp") == n_bad + 1 and
             own.count("statsd_received|listener=statsd_udp") >= 2 * n_bad)
    wanted = {reason: 2 * len(lines) for reason, lines in bad.items()} | {"truncated": 1}
    wanted["not_a_number"] -= 1  # the first of the large ones still fits
    wanted["over_limit"] -= 6    # and so do a set's first three
    assert {reason: own.rejected(reason) for reason in wanted} == wanted
    own.assert_reconciled()
    senders = {s["listener"]: s for s in json.loads(books(own.daemon)["senders"])}
    assert senders["statsd_tcp"]["last_rejected"] == 'truncated "without.newline:1"'
    assert senders["statsd_udp"]["address"] == "127.0.0.1" and senders["statsd_udp"]["rejected"] > 0
    assert own.count("received") == 0


def test_a_stop_makes_points_of_the_interval_under_way(horizon):
    own = horizon(no_flush() + 'percentiles = "50";')
    send_udp(own.port, "\n".join(f"t:{v}|ms" for v in range(100)), "c;os=linux;dc=lon:5|c")
    wait_for("the samples", lambda: own.count("statsd_accepted") == 101)
    assert own.count("received") == 0 and own.count("statsd_series") == 2
    assert own.daemon.stop() == 0
    value = lambda name: [v for _, v in points_of(own.redis, name)]
    assert value("stats.c;dc=lon;os=linux")[0] > 5 / 600  # a second of the time that it took, not of most of an hour
    assert value("stats_counts.c;dc=lon;os=linux") == [5] and value("stats.timers.t.upper_50") == [49]
    own.assert_reconciled()
    assert books(own.daemon)["clean_stop"] == "1" and own.count("stored") == 16


def test_a_kill_states_since_when_samples_waited(horizon):
    own = horizon(no_flush())
    before_ms = time.time() * 1000
    send_udp(own.port, "c:1|c")
    wait_for("the sample", lambda: own.count("statsd_accepted") == 1)
    seen_ms = time.time() * 1000
    wait_for("seconds of waiting", lambda: own.count("saved_at_ms") > seen_ms + 2000)
    own.daemon.kill()
    own.daemon.start()
    gap_from_ms = wait_for("the gap", lambda: own.count("gap_from_ms"))
    assert before_ms - 1 <= gap_from_ms <= seen_ms


def test_large_timers_stay_exact_but_for_percentiles(horizon):
    own = horizon(no_flush() + 'max_timer_values = 1000; max_value_bytes = "16KiB";')
    values = [i * 7919 % 50021 for i in range(50000)]
    stream = "".join(f"big:{v}|ms\n" for v in values) + "".join(f"many{i}:1|ms\n" for i in range(20)) * 40
    send_tcp(own.port, stream.encode())
    wait_for("the samples", lambda: own.count("statsd_accepted") == 50800)
    assert own.count("statsd_value_bytes") <= 16384 + 21 * 128
    assert own.daemon.stop() == 0
    value = lambda what: points_of(own.redis, "stats.timers." + what)[0][1]
    assert value("big.count") == 50000 and value("big.sum") == sum(values) and value("big.upper") == max(values)
    assert value("big.sum_squares") == sum(v * v for v in values) and value("big.lower") == min(values)
    assert math.isclose(value("big.mean"), sum(values) / 50000) and value("big.count_90") == 45000
    assert abs(value("big.upper_90") - 0.9 * 50021) < 0.06 * 50021  # more than six standard errors of 1,000
    assert value("many7.count") == 40 and value("many7.median") == 1


def test_a_flush_larger_than_the_queue_waits_for_redis(horizons):
    own = Horizon(horizons(horizon='queue_bytes = "1MiB";', statsd='flush_interval = "5s";'))
    send_tcp(own.port, "".join(f"some.timer{i}:1|ms\n" for i in range(3000)).encode())
    wait_for("the samples", lambda: own.count("statsd_accepted") == 3000)
    wait_for("the points", lambda: (b := books(own.daemon))["queued"] == "0" and int(b["received"]) >= 14 * 3000)
    assert own.count("dropped") == 0
    own.assert_reconciled()


def test_what_the_kernel_drops_is_counted(horizon):
    own = horizon(no_flush())
    freeze(own.daemon.process.pid)
    datagram, sent = "\n".join(f"drop.m{i}:1|c" for i in range(50)), 60_000
    send_udp(own.port, *[datagram] * sent)
    thaw(own.daemon.process.pid)
    # The kernel tells of drops with the next datagram that finds room.
    wait_for("the rest", lambda: send_udp(own.port, "after:1|c") or
             own.count("statsd_received") > 50 and own.count("udp_kernel_drops") > 0)
    wait_for("the books", lambda: (own.count("statsd_received") // 50 + own.count("udp_kernel_drops")) >= sent)
    own.assert_reconciled()


def test_the_page_and_metrics_tell_of_statsd(ridgeline_factory):
    r = ridgeline_factory(statsd='flush_interval = "1s";')
    assert f"statsd=127.0.0.1:{r.statsd}" in r.ready
    send_udp(r.statsd, "web.hits:1|c:x|c")
    wait_for("its points", lambda: points_of(r.redis, "stats.web.hits"))
    # Samples are counted as they come, points when they are flushed.
    health = wait_for("the sums", lambda: (h := r.get("/api/health").json())["statsd"]["received"] == 2 and
                      h["listeners"]["statsd"] >= 2 and h)
    assert health["statsd"]["accepted"] == 1 and health["statsd"]["rejections"]["malformed"] == 1
    assert health["settings"]["statsd"] == f"127.0.0.1:{r.statsd}"
    assert {(s["listener"], s["unit"]) for s in health["senders"]} == {("statsd", "points"), ("statsd_udp", "samples")}
    text = r.get("/metrics").text
    assert 'ridgeline_horizon_statsd_received_total{process="horizon"} 2' in text
    assert 'ridgeline_horizon_statsd_rejected_total{process="horizon",reason="malformed"} 1' in text
    assert 'ridgeline_horizon_statsd_received_total{process="horizon",listener="statsd_udp"} 2' in text

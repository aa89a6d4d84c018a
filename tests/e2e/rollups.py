"""Points and a roomba that folds them, and a model that keeps every point to compare its rollups with."""
import math
import random
import struct
import time

import msgpack
import pytest
import requests

from conftest import PATIENCE_S, canonical, free_ports, points_of, wait_for, write_settings

SETTINGS = """
redis = "unix:{sock}";
retention = "{retention}";
horizon: {{ max_age = "100s"; max_future = "0s"; }};
roomba: {{ pass_interval = "1s"; }};
rules = ( {rules} );
"""
RULES = ('{ match = "short.**"; retention = "1s:6m,10s:20m"; }, '
         '{ match = "long.**"; retention = "1s:30m,1m:12h"; }, { match = "raw.*"; retention = "1s:10m"; }')
FROM_RAW, FROM_FINER = "1s:6m,10s:1h,1m:6h", "1s:6m,10s:1h,10m:6h"


class Roomba:
    def __init__(self, redis, daemons, tmp_path, retention=FROM_RAW, rules=""):
        self.redis = redis
        self.path = write_settings(tmp_path / "roomba.conf",
                                   SETTINGS.format(sock=redis.sock, retention=retention, rules=rules))
        self.daemon = daemons("roomba", self.path).wait_ready()

    def counter(self, field):
        return int(self.redis.hget("ridgeline:stats:roomba", field) or 0)

    def wait_counter(self, field, least):
        wait_for(f"{field} >= {least}", lambda: self.counter(field) >= least)

    def wait_walks(self, n=2):
        """Until `n` walks have begun and ended from now on."""
        self.wait_counter("passes", self.counter("passes") + n + 1)

    def restart(self):
        """Killed, whatever it is at, and started again: its counters begin anew."""
        self.daemon.kill()
        self.redis.delete("ridgeline:lease:roomba", "ridgeline:stats:roomba")
        self.daemon.start()

    def set_retention(self, retention, rules=""):
        self.path.write_text(SETTINGS.format(sock=self.redis.sock, retention=retention, rules=rules))
        self.daemon.process.send_signal(1)

    def stop(self):
        assert self.daemon.stop() == 0


@pytest.fixture
def roomba(redis, daemons, tmp_path):
    return lambda retention=FROM_RAW, rules="": Roomba(redis, daemons, tmp_path, retention, rules)


class Rollup:
    """rollup.<name> as any msgpack reader sees it."""

    def __init__(self, redis, name):
        self.raw = redis.get("rollup." + name)
        m = msgpack.unpackb(self.raw)
        self.until, self.step, self.raw_s = m["folded_until"], m["step"], m["raw"]
        rings = iter(m["rings"])
        self.archives = []
        for step, slots, aggregates in m["archives"]:
            read = [struct.unpack(f"<{slots}f", next(rings)) for _ in range(aggregates)]
            self.archives.append((step, slots, read))

    def slots(self, k):
        """{time: (mean,) or (low, mean, high)} of every slot that archive `k` has."""
        step, slots, rings = self.archives[k]
        end = self.until // step * step
        return {t: tuple(ring[t // step % slots] for ring in rings) for t in range(end - slots * step, end, step)}


def model(sent, rollup, k):
    """What archive `k` is to hold, from every point that was ever sent."""
    step, slots, rings = rollup.archives[k]
    written = {t: (v, v, v) for t, v in sent if t < rollup.until}  # the last written wins
    if k > 0 and step > rollup.raw_s:
        alone = len(rollup.archives[k - 1][2]) == 1
        written = {t: (s[1],) * 3 if alone else s for t, s in model(sent, rollup, k - 1).items()}
    inside = {}
    for t, s in written.items():
        inside.setdefault(t // step * step, []).append(s)
    return {t: (min(low for low, _, _ in some), sum(mean for _, mean, _ in some) / len(some),
                max(high for _, _, high in some)) for t, some in inside.items()}


def check(redis, name, sent, means_since=0):
    """Tail and rollup of a metric hold each point that was sent once: nothing is lost, and nothing doubled. With
    `means_since` only means are compared, and from there on: of slots that were made from coarser ones."""
    rollup = Rollup(redis, name)
    tail = points_of(redis, name)
    assert [p for p in tail if p[0] >= rollup.until] == [p for p in sent if p[0] >= rollup.until], name
    for k, (step, _, rings) in enumerate(rollup.archives):
        expected = model(sent, rollup, k)
        for t, got in rollup.slots(k).items():
            if t < means_since:
                continue
            wanted = expected.get(t, (math.nan,) * 3)
            wanted = wanted[1:2] if len(rings) == 1 or means_since else wanted
            got = got[1:2] if len(rings) > 1 and means_since else got
            assert got == pytest.approx(wanted, rel=1e-5, abs=1e-3, nan_ok=True), f"{name}: {step} s at {t}"
    return rollup, tail


def traffic(seed, first, last):
    """Points in the order of their arrival: some late, some twice with another value, some after a silence."""
    rng = random.Random(seed)
    step = rng.choice([1, 1, 3, 7, 30])
    arrivals, t = [], first
    while t < last:
        v = rng.uniform(-1000, 1000)
        arrivals.append((t + (rng.randrange(90) if rng.random() < 0.1 else 0), t, v))
        if rng.random() < 0.02:
            arrivals.append((t + rng.randrange(90), t, v + 1))
        t += step if rng.random() < 0.99 else rng.randrange(1, 90)
        if rng.random() < 3 / 1000:
            t += rng.randrange(600) if rng.random() < 0.9 else rng.randrange(7200)
    arrivals.sort(key=lambda a: a[0])
    return [(t, v) for _, t, v in arrivals]


def send(redis, sent, encode, batches, each=lambda i: None):
    """Appends the points of {name: points}, a part of each at a time."""
    for i in range(batches):
        for name, points in sent.items():
            part = points[len(points) * i // batches:len(points) * (i + 1) // batches]
            if part:
                redis.append("metrics." + name, b"".join(encode(name, *p) for p in part))
        each(i)
        time.sleep(0.05)


def encode(name, t, v):
    foreign = name.startswith("foreign") and t % 3 == 0
    return msgpack.packb((t, v)) if foreign else canonical(t, v)


def line(first, last, step=1):
    return [(t, float(t % 1000)) for t in range(first, last, step)]


def stored(points):
    return b"".join(canonical(*p) for p in points)


@pytest.fixture
def series(redis, daemons, tmp_path):
    """series(metric, **range): what /api/series of a webapp beside the roomba says."""
    port = free_ports(1)[0]
    settings = write_settings(tmp_path / "webapp.conf",
                              SETTINGS.format(sock=redis.sock, retention=FROM_RAW, rules=RULES) +
                              f'webapp: {{ listen = "127.0.0.1:{port}"; }};')
    daemons("webapp", settings).wait_ready()

    def ask(name, **range_):
        r = requests.get(f"http://127.0.0.1:{port}/api/series", params={"metric": name, **range_}, timeout=PATIENCE_S)
        assert r.status_code == 200, r.text
        return r.json()

    return ask

"""Metrics with a past for a real analyzer, and what it tells of them. Points are written as horizon writes them, with
times in the past where a test needs history: windows count in the data's time, so nothing waits for hours."""
import json
import random
import subprocess
import time

import pytest

from conftest import canonical, wait_for, write_settings

STEP_S = 10
WARM = 720  # points: two hours


class Metric:
    """A noisy metric, and what was written of it."""

    def __init__(self, client, name, t0, level=100.0):
        self.client, self.name, self.t, self.level = client, name, t0, level
        self.random = random.Random(name)
        self.written = 0

    def write(self, n, shift=0.0):
        """The next `n` points, in one APPEND; returns the time of the first."""
        first = self.t
        data = b"".join(canonical(first + STEP_S * i, self.level + shift + self.random.gauss(0, 1)) for i in range(n))
        self.t += STEP_S * n
        self.written += n
        self.client.append("metrics." + self.name, data)
        return first

    def announce(self):
        self.client.sadd("metrics.unique_metrics", "metrics." + self.name)
        self.client.xadd("ridgeline:names", {"n": self.name})


@pytest.fixture
def settings(redis, tmp_path):
    def make(analyzer="workers = 2;", more=""):
        return write_settings(tmp_path / "settings.conf",
                              f'redis = "unix:{redis.sock}";\nanalyzer: {{ {analyzer} }};\n{more}\n')
    return make


@pytest.fixture
def metric(redis):
    def make(name, hours_ago=12, points=WARM):
        m = Metric(redis, name, int(time.time()) // STEP_S * STEP_S - hours_ago * 3600)
        if points:
            m.write(points)
        m.announce()
        return m
    return make


def workers(client):
    return sorted(p.decode() for p in client.hkeys("ridgeline:processes") if p.startswith(b"analyzer."))


def total(client, counter):
    return sum(int(client.hget("ridgeline:stats:" + w, counter) or 0) for w in workers(client))


def judged(client, n):
    """Waits until `n` points are judged, and no more are."""
    wait_for(f"{n} points judged", lambda: total(client, "judged") >= n)
    assert total(client, "judged") == n


def events(client, metric=None):
    found = []
    for slot in range(64):
        for id_, fields in client.xrange(f"ridgeline:events:{slot}"):
            found.append((id_, fields[b"kind"].decode(), json.loads(fields[b"json"])))
    return [(kind, a) for _, kind, a in sorted(found, key=lambda e: e[0]) if metric in (None, a["metric"])]


def open_anomalies(client):
    return [json.loads(v) for slot in range(64) for v in client.hvals(f"ridgeline:open:{slot}")]


def kinds(client, metric):
    return [kind for kind, _ in events(client, metric) if kind != "update"]


def wait_both(daemon, said, times=1):
    """Until each of two workers has logged it so many times."""
    wait_for(f"both workers to say {said}", lambda: daemon.log.read_text().count(said) >= 2 * times)


def children(daemon):
    out = subprocess.run(["pgrep", "-P", str(daemon.process.pid)], capture_output=True, text=True, check=False).stdout
    return [int(pid) for pid in out.split()]


def once_each(client, names):
    """One opening, one closing, of one id, for every name: exactly."""
    for name in names:
        told = [(kind, a["id"]) for kind, a in events(client, name) if kind != "update"]
        assert [kind for kind, _ in told] == ["open", "close"], (name, told)
        assert told[0][1] == told[1][1]
    assert open_anomalies(client) == []

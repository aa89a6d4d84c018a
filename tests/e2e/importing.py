"""Histories to import, the command that imports them, and what it left in Redis."""
import json
import math
import random
import subprocess
import time

import pytest

from conftest import BUILD, PATIENCE_S, write_settings

STEP_S = 60
HOUR, DAY = 3600, 86400
DAYS = 14
POINTS = DAYS * DAY // STEP_S
ROLLED_UP = 'retention = "60s:6h,10m:14d";'
SETTINGS = 'retention = "60s:24h"; horizon: { max_age = "1000s"; };'
FAULT = (9000, 9030)  # points of an episode that lies days back


def newest():
    return int(time.time()) // STEP_S * STEP_S


def shop(seed, until, points=POINTS, fault=FAULT, broken_since=None):
    """A daily curve with noise, an episode in the past and perhaps one that goes on: [(t, v)], the last at `until`."""
    r = random.Random(seed)
    out = []
    for i in range(points):
        t = until - (points - 1 - i) * STEP_S
        v = 100 + 30 * math.sin(2 * math.pi * t / DAY) + r.uniform(-5, 5)
        if fault and fault[0] <= i < fault[1]:
            v += 100
        if broken_since is not None and i >= broken_since:
            v += 150
        out.append((t, round(v, 3)))
    return out


def write_csv(path, points):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("timestamp,value\n" + "".join(f"{t},{v}\n" for t, v in points))
    return path


def run_import(*arguments, expect=0):
    done = subprocess.run([str(BUILD / "ridgeline"), "import", *map(str, arguments)], capture_output=True, text=True,
                          timeout=PATIENCE_S)
    assert done.returncode == expect, done.stderr
    return done.stderr


@pytest.fixture
def settings(tmp_path):
    return write_settings(tmp_path / "settings.conf", SETTINGS)


@pytest.fixture
def into(redis, settings):
    """The arguments that import into the test's Redis."""
    return ["--settings", settings, "--redis", f"unix:{redis.sock}"]


def events(client):
    """(kind, metric, id) of every event that was told, in no order."""
    found = []
    for slot in range(64):
        for _, fields in client.xrange(f"ridgeline:events:{slot}"):
            a = json.loads(fields[b"json"])
            assert a["id"].encode() == fields[b"id"]
            found.append((fields[b"kind"].decode(), a["metric"], a["id"]))
    return sorted(found)


def everything(client):
    """All that Redis holds, but for when streams were written."""
    found = {"events": events(client), "names": sorted(f[b"n"] for _, f in client.xrange("ridgeline:names"))}
    for key in client.keys("metrics.*") + client.keys("rollup.*") + client.keys("ridgeline:record:*"):
        kind = client.type(key)
        found[key] = client.get(key) if kind == b"string" else \
            client.hgetall(key) if kind == b"hash" else client.smembers(key)
    return found


@pytest.fixture
def rolled_up(redis, tmp_path):
    """Two weeks of shop.orders of which all but six hours is rolled up: when the hour began, five days ago, that was a
    fault, and the points."""
    until = newest()
    fault = (until - 5 * DAY) // HOUR * HOUR
    points = [(t, v * 2 if fault <= t < fault + HOUR else v) for t, v in shop(1, until, fault=None)]
    settings = write_settings(tmp_path / "import.conf", SETTINGS.replace('retention = "60s:24h";', ROLLED_UP))
    run_import("--settings", settings, "--redis", f"unix:{redis.sock}", write_csv(tmp_path / "shop.orders.csv", points))
    return fault, points

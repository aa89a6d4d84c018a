"""The programs that sites send with, each the real one: what they are given ends in Redis, all of it, under its
name, and horizon's books say so."""
import json
import pathlib
import subprocess
import time

import pytest

from books import assert_reconciled, books
from conftest import PATIENCE_S, ROOT, points_of, wait_for
from senders import CarbonCRelay, CarbonRelay, Collectd


@pytest.fixture
def points():
    """Of a few metrics, in the order in which they happened."""
    now = int(time.time())
    return [(f"site.shop.gauge-orders{i:02d}", now - 20 + 10 * k, i + k / 4 - 5) for k in range(3) for i in range(20)]


def assert_stored(redis, points):
    """Exactly these points are in Redis, each once, and no other metric is. Some senders keep no order."""
    for name in {name for name, _, _ in points}:
        wanted = [(t, float(v)) for n, t, v in points if n == name]
        wait_for(name, lambda n=name, w=wanted: len(points_of(redis, n)) >= len(w))
        assert sorted(points_of(redis, name)) == wanted
    assert redis.smembers("metrics.unique_metrics") == {b"metrics." + name.encode() for name, _, _ in points}


def assert_taken(horizon, points, listener):
    assert_stored(horizon.redis, points)
    wait_for("the books", lambda: int(books(horizon)["stored"]) == len(points))
    b = books(horizon)
    assert int(b["received"]) == int(b[f"received|listener={listener}"]) == len(points)
    assert [(s["listener"], s["received"]) for s in json.loads(b["senders"])] == [(listener, len(points))]
    assert_reconciled(horizon)


@pytest.mark.parametrize("protocol", ["line", "pickle"])
def test_carbon_relay(horizon, tmp_path, points, protocol):
    relay = CarbonRelay(tmp_path / "relay", [getattr(horizon, protocol)], protocol)
    try:
        relay.send(points)
        assert_taken(horizon, points, f"{protocol}_tcp")
    finally:
        relay.stop()


def test_carbon_c_relay(horizon, tmp_path, points):
    relay = CarbonCRelay(tmp_path / "relay", horizon.line)
    try:
        relay.send(points)
        assert_taken(horizon, points, "line_tcp")
    finally:
        relay.stop()


def test_carbon_relay_spreads_its_metrics_over_two_horizons(horizons, redis, tmp_path, points):
    pair = [horizons("a"), horizons("b")]
    relay = CarbonRelay(tmp_path / "relay", [h.pickle for h in pair], "pickle")
    try:
        relay.send(points)
        assert_stored(redis, points)
        stored = lambda: [int(books(h, h.stats)["stored"]) for h in pair]
        wait_for("the books", lambda: sum(stored()) == len(points))
        assert all(stored()), "one horizon got nothing"
        for h in pair:
            b = books(h, h.stats)
            assert int(b["stored"]) == int(b["received"]) == 3 * int(b["metrics"])
            assert_reconciled(h, h.stats)
    finally:
        relay.stop()


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_collectd(horizon, tmp_path, points, protocol):
    port = horizon.line if protocol == "tcp" else horizon.udp
    collectd = Collectd(tmp_path / "collectd", port, protocol)
    try:
        collectd.send(points, lambda: books(horizon).get("received") == str(len(points)))
    finally:
        collectd.stop()
    assert_taken(horizon, points, f"line_{protocol}")


def readme_command(start):
    """The one command of README.md that begins so."""
    lines = [line.strip() for line in (ROOT / "README.md").read_text().splitlines()]
    (command,) = [line for line in lines if line.startswith(start)]
    return command


def test_netcat_by_hand_as_the_readme_shows_it(horizon):
    command = readme_command("echo ")
    assert "127.0.0.1 2023" in command
    before = int(time.time())
    subprocess.run(["sh", "-c", command.replace("127.0.0.1 2023", f"127.0.0.1 {horizon.line}")], check=True,
                   timeout=PATIENCE_S)
    (t, v), = wait_for("the point", lambda: points_of(horizon.redis, "test.by.hand"))
    assert before <= t <= time.time() and v == 42
    assert_taken(horizon, [("test.by.hand", t, v)], "line_tcp")

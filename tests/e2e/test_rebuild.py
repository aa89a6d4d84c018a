"""A metric without a usable record: season and level come from its rollup, the noise from its raw tail."""
import math
import random
import subprocess
import time

import pytest
from analyzers import events, total
from conftest import BUILD, canonical, points_of, wait_for, write_settings

STEP_S = 60
DAYS = 14
SETTINGS = 'redis = "unix:{sock}"; retention = "60s:6h,5m:3d,10m:14d"; roomba: {{ pass_interval = "1s"; }};'


def season(seed, until):
    """Two weeks of a metric that rises to three times its level once a day, an hour before `until`."""
    source = random.Random(seed)
    return [(t, 100 + 200 * math.exp(-(((until - t) % 86400 - 3600) / 2500) ** 2) + source.gauss(0, 2))
            for t in range(until - DAYS * 86400, until + 1, STEP_S)]


@pytest.fixture
def settings(redis, tmp_path):
    return write_settings(tmp_path / "settings.conf", SETTINGS.format(sock=redis.sock))


@pytest.fixture
def folded(redis, settings, daemons):
    """folded(*names): those metrics, as roomba leaves them."""

    def begin(*names):
        until = int(time.time()) // STEP_S * STEP_S
        for i, name in enumerate(names):
            redis.set("metrics." + name, b"".join(canonical(*p) for p in season(i, until)))
            redis.sadd("metrics.unique_metrics", "metrics." + name)
        roomba = daemons("roomba", settings).wait_ready()
        wait_for("the folds", lambda: int(redis.hget("ridgeline:stats:roomba", "trimmed") or 0) == len(names))
        assert roomba.stop() == 0

    return begin


def explain(settings, name, *more):
    return subprocess.run([BUILD / "ridgeline", "explain", "--settings", settings, *more, name], capture_output=True,
                          text=True, check=True).stdout


def row(text, detector):
    return next(line for line in text.splitlines() if line.startswith(f"  {detector} "))


def test_season_comes_from_the_rollup_and_the_daily_peak_is_no_news(redis, settings, daemons, folded):
    folded("lost", "damaged", "bare")
    redis.hset("ridgeline:record:damaged", "now", b"no record")
    redis.delete("rollup.bare")
    analyzer = daemons("analyzer", settings).wait_ready()
    stored = sum(len(points_of(redis, name)) for name in ("lost", "damaged", "bare"))
    wait_for("all points judged", lambda: total(redis, "judged") == stored)
    assert total(redis, "rebuilt") == 2 and total(redis, "records_rejected") == 1
    for name in "lost", "damaged":
        text = explain(settings, name)
        assert "state     NORMAL" in text and "season    none" not in text
        assert row(text, "seasonal").endswith("no")
        assert events(redis, name) == []
    assert row(explain(settings, "bare"), "seasonal").endswith("abstains: needs a day")
    assert analyzer.stop() == 0
    analyzer.start()
    wait_for("the records to be loaded", lambda: total(redis, "records_loaded") == 3)
    assert total(redis, "rebuilt") == 0


def test_the_noise_warms_up_anew_and_the_verdict_says_so(redis, settings, daemons, folded):
    folded("young")
    tail = points_of(redis, "young")[-40:]
    wild = [(t, v + 5000 * (i >= 35)) for i, (t, v) in enumerate(tail)]
    redis.set("metrics.young", b"".join(canonical(*p) for p in wild))
    analyzer = daemons("analyzer", settings).wait_ready()
    wait_for("all points judged", lambda: total(redis, "judged") == len(tail))
    wait_for("the warm-up to be counted", lambda: total(redis, "warming_up") == 1)
    assert total(redis, "rebuilt") == 1
    assert "state     WARMING_UP, 1h of data to go" in explain(settings, "young")
    assert events(redis, "young") == []
    analyzer.kill()  # before it has saved anything
    analyzer.start()
    wait_for("it to be rebuilt again", lambda: total(redis, "rebuilt") == 1 and total(redis, "judged") == len(tail))


def test_a_rollup_that_cannot_be_read_stops_nothing(redis, settings, daemons, folded):
    folded("a", "b", "c")
    redis.set("rollup.a", b"junk")
    redis.delete("rollup.b")
    redis.rpush("rollup.b", "junk")
    daemons("analyzer", settings).wait_ready()
    stored = sum(len(points_of(redis, name)) for name in "abc")
    wait_for("all points judged", lambda: total(redis, "judged") == stored)
    assert total(redis, "rebuilt") == 1

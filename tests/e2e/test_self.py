"""Ridgeline's own figures are metrics like any other."""
import os
import random
import signal
import time

from conftest import canonical, wait_for

NAME = "ridgeline.analyzer.0.lag_ms"


def test_moments_and_identities_are_no_metrics(ridgeline_factory):
    r = ridgeline_factory(horizon="self_metrics = true;")
    moments = ["pid", "generation", "started", "saved_at_ms", "owner", "twin", "twin_at_ms", "settings_refused",
               "pass_at"]
    r.redis.hset("ridgeline:stats:roomba", mapping={"owner": "1@elsewhere:1"})  # who then is roomba's twin
    wait_for("the twin", lambda: r.redis.hexists("ridgeline:stats:roomba", "twin_at_ms"))
    before = r.redis.strlen("metrics.ridgeline.roomba.visited")
    wait_for("two more rounds", lambda: r.redis.strlen("metrics.ridgeline.roomba.visited") >= before + 30)
    assert [m for m in moments if r.redis.exists(f"metrics.ridgeline.roomba.{m}")] == []


def test_an_anomaly_in_our_own_lag_is_found_like_any_other(ridgeline_factory):
    r = ridgeline_factory(horizon="self_metrics = true;", analyzer="workers = 1;")
    source, now = random.Random(1), int(time.time()) // 10 * 10
    r.redis.append("metrics." + NAME, b"".join(
        canonical(t, float(source.randint(5, 25))) for t in range(now - 7200, now - 30, 10)))
    wait_for("its name", lambda: r.redis.sismember("metrics.unique_metrics", "metrics." + NAME))
    wait_for("the history judged", lambda: r.counter("analyzer.0", "judged") > 700)
    worker = r.pids("analyzer")[-1]
    os.kill(worker, signal.SIGSTOP)
    try:
        time.sleep(8)
    finally:
        os.kill(worker, signal.SIGCONT)
    # A busy machine makes it late before, too: less so.
    (a,) = wait_for("the anomaly", lambda: [a for a in r.anomalies() if a["metric"] == NAME and a["value"] > 1000])
    assert a["direction"] == "up"

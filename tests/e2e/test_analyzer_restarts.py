"""Analyzers that end at any moment, and a Redis that loses or refuses what they wrote: each anomaly is told once."""
import os
import random
import signal
import subprocess
import threading
import time

import pytest

from analyzers import (  # noqa: F401 (fixtures)
    STEP_S, WARM, Metric, children, events, judged, kinds, metric, once_each, open_anomalies, settings, total, workers)
from conftest import BUILD, PATIENCE_S, RedisServer, wait_for, write_settings


def test_a_restart_goes_on_from_the_saved_records(redis, settings, metric, daemons):
    m = metric("app.load")
    start = m.write(12, 40)
    path = settings()
    d = daemons("analyzer", path).wait_ready()
    judged(redis, m.written)
    assert d.stop() == 0
    assert redis.hexists("ridgeline:record:app.load", "now")
    assert redis.ttl("ridgeline:record:app.load") > 24 * 3600
    redis.delete(*["ridgeline:stats:" + w for w in workers(redis)])
    m.write(400)
    d.start()
    wait_for("the loaded record", lambda: total(redis, "records_loaded") == 1)
    judged(redis, 400)
    assert kinds(redis, "app.load") == ["open", "close"]
    assert start <= events(redis)[0][1]["start"] <= start + 3 * STEP_S
    assert total(redis, "full_reads") == 0


def test_a_record_of_each_past_retention_is_kept_for_replays(redis, settings, metric, daemons):
    m = metric("app.load", hours_ago=30, points=0)
    m.write(30 * 360)
    daemons("analyzer", settings()).wait_ready()
    judged(redis, m.written)
    assert {f for f in redis.hkeys("ridgeline:record:app.load") if f.startswith(b"past")}


@pytest.mark.parametrize("saves", ["10m", "1s"])
def test_kills_of_workers_and_parent_at_any_moment_tell_each_anomaly_once(redis, settings, metric, daemons, saves):
    """Ends a worker or the parent with SIGKILL again and again while anomalies open and close."""
    names = [f"app.h{i}.load" for i in range(24)]
    metrics = [metric(name) for name in names]
    d = daemons("analyzer", settings(f'workers = 2; save_interval = "{saves}";')).wait_ready()
    judged(redis, WARM * len(names))
    dice = random.Random(saves)

    def traffic():
        for shift, points in ((0, 6), (40, 12), (0, 400)):
            for m in metrics:
                for _ in range(points // 2):
                    m.write(2, shift)
            time.sleep(0.5)

    writer = threading.Thread(target=traffic)
    writer.start()
    kills = 0
    while writer.is_alive() or kills < 6:
        time.sleep(dice.uniform(0.05, 0.6))
        if dice.random() < 0.4:
            d.kill()
            d.start()
        elif children(d):
            os.kill(dice.choice(children(d)), signal.SIGKILL)
        kills += 1
    writer.join()
    wait_for("all to close", lambda: not open_anomalies(redis) and
             all(kinds(redis, name)[-1:] == ["close"] for name in names))
    time.sleep(1)
    once_each(redis, names)


def test_a_record_that_was_lost_adopts_the_open_anomaly(redis, settings, metric, daemons):
    now = int(time.time()) // STEP_S * STEP_S
    m = metric("app.load", hours_ago=3, points=0)
    m.write((now - m.t) // STEP_S - 12)
    m.write(12, 40)
    d = daemons("analyzer", settings()).wait_ready()
    before = wait_for("the opening", lambda: open_anomalies(redis))
    d.kill()
    time.sleep(0.5)
    redis.delete("ridgeline:record:app.load")
    d.start()
    wait_for("the replay", lambda: total(redis, "judged") == m.written and total(redis, "open_anomalies") == 1)
    time.sleep(0.5)
    assert [a["id"] for a in open_anomalies(redis)] == [before[0]["id"]]
    assert kinds(redis, "app.load") == ["open"]


@pytest.mark.parametrize("lost", ["hash", "event", "both"])
def test_a_restart_completes_what_was_half_told(redis, settings, metric, daemons, lost):
    """The state that a kill between two writes leaves."""
    now = int(time.time()) // STEP_S * STEP_S
    m = metric("app.load", hours_ago=3, points=0)
    m.write((now - m.t) // STEP_S - 12)
    m.write(12, 40)
    d = daemons("analyzer", settings()).wait_ready()
    before = wait_for("the opening", lambda: open_anomalies(redis))
    wait_for("its event", lambda: kinds(redis, "app.load") == ["open"])
    d.stop()
    for slot in range(64):
        if lost in ("hash", "both"):
            redis.delete(f"ridgeline:open:{slot}")
        if lost in ("event", "both"):
            redis.delete(f"ridgeline:events:{slot}")
    d.start()
    wait_for("hash and event", lambda: open_anomalies(redis) and kinds(redis, "app.load") == ["open"])
    assert [a["id"] for a in open_anomalies(redis)] == [before[0]["id"]]
    m.write(360)  # in the future of the wall clock, which judging does not read
    wait_for("the closing", lambda: kinds(redis, "app.load") == ["open", "close"])
    once_each(redis, ["app.load"])


def test_an_open_anomaly_of_a_metric_that_is_gone_is_closed(redis, settings, metric, daemons):
    now = int(time.time()) // STEP_S * STEP_S
    m = metric("app.load", hours_ago=3, points=0)
    m.write((now - m.t) // STEP_S - 12)
    m.write(12, 40)
    d = daemons("analyzer", settings()).wait_ready()
    wait_for("the opening", lambda: open_anomalies(redis))
    d.stop()
    redis.delete("metrics.app.load", "ridgeline:record:app.load", "metrics.unique_metrics", "ridgeline:names")
    d.start()
    wait_for("the closing", lambda: kinds(redis, "app.load") == ["open", "close"])
    assert open_anomalies(redis) == []


def test_a_redis_that_restarts_and_lost_its_last_writes_is_told_again(tmp_path, daemons):
    """Redis comes back with what it had before the anomaly opened."""
    directory = tmp_path / "redis"
    directory.mkdir()
    server = RedisServer(directory, "--dbfilename", "dump.rdb")
    try:
        now = int(time.time()) // STEP_S * STEP_S
        m = Metric(server.client, "app.load", now - 3 * 3600)
        m.write((now - m.t) // STEP_S - 12)
        m.announce()
        settings = write_settings(tmp_path / "settings.conf", f'redis = "unix:{server.sock}";')
        daemons("analyzer", settings).wait_ready()
        judged(server.client, m.written)
        server.client.save()
        m.write(12, 40)
        before = wait_for("the opening", lambda: open_anomalies(server.client))
        wait_for("its event", lambda: kinds(server.client, "app.load") == ["open"])
        lost = server.client.get("metrics.app.load")
        server.kill()
        server.start()
        server.client.set("metrics.app.load", lost)
        wait_for("the anomaly", lambda: open_anomalies(server.client))
        wait_for("its event", lambda: kinds(server.client, "app.load"))
        m.client = server.client
        m.write(360)
        wait_for("the closing", lambda: kinds(server.client, "app.load")[-1:] == ["close"])
        once_each(server.client, ["app.load"])
        assert events(server.client)[0][1]["id"] == before[0]["id"]
    finally:
        server.stop()


def test_a_redis_that_refuses_writes_loses_no_anomaly(redis, settings, metric, daemons):
    m = metric("app.load")
    daemons("analyzer", settings()).wait_ready()
    judged(redis, WARM)
    m.write(12, 40)
    m.write(360)
    redis.config_set("min-replicas-to-write", 3)  # every write is refused with NOREPLICAS
    time.sleep(2)
    redis.config_set("min-replicas-to-write", 0)
    wait_for("both events", lambda: kinds(redis, "app.load") == ["open", "close"])
    once_each(redis, ["app.load"])
    judged(redis, m.written)


def test_workers_are_seen_to_end_where_child_signals_are_ignored(redis, settings, tmp_path):
    """A supervisor may start us so; then the kernel reaps, and waitpid() knows no child."""
    with open(tmp_path / "analyzer.log", "ab") as log:
        process = subprocess.Popen(
            ["env", "--ignore-signal=CHLD", str(BUILD / "analyzer"), "--settings", str(settings("workers = 1;")),
             "--state-dir", str(tmp_path)], stdout=log, stderr=log)
    try:
        log = tmp_path / "analyzer.log"
        wait_for("the worker", lambda: "process=analyzer.0 event=reconciled" in log.read_text())
        worker = int(redis.hget("ridgeline:stats:analyzer.0", "pid"))
        os.kill(worker, signal.SIGKILL)
        wait_for("another one", lambda: log.read_text().count("process=analyzer.0 event=reconciled") == 2)
        process.terminate()
        assert process.wait(PATIENCE_S) == 0
    finally:
        process.kill()
        process.wait()


def test_stopping_is_quick_and_clean(redis, settings, metric, daemons):
    for i in range(50):
        metric(f"app.h{i}")
    d = daemons("analyzer", settings()).wait_ready()
    judged(redis, 50 * WARM)
    assert d.stop() == 0
    assert len(redis.keys("ridgeline:record:*")) == 50
    assert not children(d)


def test_a_second_analyzer_waits_for_the_first_ones_workers(redis, settings, metric, daemons):
    metric("app.load")
    first = daemons("analyzer", settings()).wait_ready()
    judged(redis, WARM)
    second = daemons("analyzer", settings())
    wait_for("the second to wait", lambda: second.logged("event=waiting_for_lock"))
    assert first.stop() == 0
    wait_for("the second to work", lambda: second.logged("process=analyzer.0 event=reconciled"))
    wait_for("the record to be loaded", lambda: total(redis, "records_loaded") == 1)

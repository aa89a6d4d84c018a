"""The real analyzer on a real Redis: what it reads, judges and tells."""
import json
import os
import signal
import time

import pytest

from analyzers import (  # noqa: F401 (fixtures)
    STEP_S, WARM, children, events, judged, kinds, metric, open_anomalies, settings, total, wait_both)
from conftest import canonical, wait_for


@pytest.mark.parametrize("shift, direction", [(40, "up"), (-40, "down")])
def test_a_spike_opens_with_start_and_direction_and_closes(redis, settings, metric, daemons, shift, direction):
    m = metric("app.load")
    daemons("analyzer", settings()).wait_ready()
    judged(redis, WARM)
    start = m.write(12, shift)
    opened = wait_for("the opening", lambda: open_anomalies(redis))
    assert len(opened) == 1
    a = opened[0]
    assert (a["metric"], a["state"], a["direction"]) == ("app.load", "open", direction)
    assert start <= a["start"] <= start + 3 * STEP_S
    assert a["score"] >= 50 and sum(v["vote"] == "yes" for v in a["votes"]) >= 2
    m.write(360)
    wait_for("the closing", lambda: kinds(redis, "app.load") == ["open", "close"])
    closed = events(redis, "app.load")[-1][1]
    assert closed["id"] == a["id"] and closed["start"] == a["start"] and closed["state"] == "closed"
    assert closed["end"] >= start and closed["closed"]["t"] > closed["end"]
    assert open_anomalies(redis) == []
    wait_for("the counters", lambda: total(redis, "opened") == total(redis, "closed") == 1)


def test_history_that_is_there_at_start_gives_each_anomaly_once(redis, settings, metric, daemons):
    m = metric("app.load")
    start = m.write(12, 40)
    m.write(360)
    daemons("analyzer", settings()).wait_ready()
    wait_for("opening and closing", lambda: kinds(redis, "app.load") == ["open", "close"])
    assert start <= events(redis)[0][1]["start"] <= start + 3 * STEP_S
    judged(redis, m.written)


def test_an_open_anomaly_of_a_silent_metric_closes_by_the_wall_clock(redis, settings, metric, daemons):
    """Its last point is hours old, so no point could keep it open."""
    m = metric("app.load")
    daemons("analyzer", settings()).wait_ready()
    judged(redis, WARM)
    m.write(12, 40)
    wait_for("the closing", lambda: kinds(redis, "app.load") == ["open", "close"])
    closed = events(redis)[-1][1]
    assert closed["closed"] is None and closed["end"] < m.t


def crossings(client):
    """Field -> value, over all hours."""
    fields = {}
    for key in client.keys("ridgeline:crossings:*"):
        for level, change in client.hgetall(key).items():
            fields[int(level)] = fields.get(int(level), 0) + int(change)
    return fields


def crossed(client, level):
    return sum(change for at, change in crossings(client).items() if at >= level)


def test_an_anomaly_crosses_each_score_once_though_it_rises_and_the_analyzer_is_killed(redis, settings, metric,
                                                                                       daemons):
    m = metric("app.load", hours_ago=2)
    analyzer = daemons("analyzer", settings('save_interval = "1s";'))
    analyzer.wait_ready()
    judged(redis, WARM)
    assert wait_for("the hour to be marked", lambda: crossings(redis)) == {0: 0}
    m.write(6, 60)
    first = wait_for("its opening to be counted", lambda: crossed(redis, 1) and events(redis))[0][1]["score"]
    wait_for("its rise", lambda: events(redis)[-1][0] == "update")
    last = events(redis)[-1][1]["score"]
    assert int(first) < int(last)
    wait_for("the rise to be counted", lambda: crossed(redis, int(last)) == 1)
    for pid in (*children(analyzer), analyzer.process.pid):
        os.kill(pid, signal.SIGKILL)
    analyzer.process.wait()
    analyzer.start()
    m.write(360)
    wait_for("the closing", lambda: kinds(redis, "app.load") == ["open", "close"])
    assert [crossed(redis, level) for level in (0, int(first), int(last), int(last) + 1)] == [1, 1, 1, 0]
    key, = {k for k in redis.keys("ridgeline:crossings:*") if redis.hlen(k) > 1}
    assert 14 * 86400 < redis.ttl(key) <= 15 * 86400


def test_crossings_that_redis_refuses_are_counted_and_stop_no_telling(redis, settings, metric, daemons):
    hour = int(time.time()) // 3600
    for h in (hour, hour + 1):
        redis.set(f"ridgeline:crossings:{h}", "not a hash")
    m = metric("app.load")
    daemons("analyzer", settings()).wait_ready()
    judged(redis, WARM)
    m.write(12, 40)
    m.write(360)
    wait_for("opening and closing", lambda: kinds(redis, "app.load") == ["open", "close"])
    wait_for("the counter", lambda: total(redis, "crossings_lost") >= 3)


def test_a_new_name_is_read_long_before_the_next_walk_over_all_names(redis, settings, metric, daemons):
    metric("first")
    daemons("analyzer", settings()).wait_ready()
    judged(redis, WARM)
    metric("second")  # by its name in the stream; a walk comes each five minutes
    wait_for("the new metric", lambda: total(redis, "metrics") == 2)


def test_every_point_is_judged_once_through_late_batches_repeats_and_trims(redis, settings, metric, daemons):
    m = metric("app.load")
    daemons("analyzer", settings("workers = 1;")).wait_ready()
    judged(redis, WARM)
    t0 = m.t - WARM * STEP_S
    redis.append("metrics.app.load", b"".join(canonical(t0 + 3 * i, 1.0) for i in range(500)))
    m.write(50)
    judged(redis, m.written)
    wait_for("the late points", lambda: total(redis, "late") == 500)
    # A trim, and a sender that repeats its last block, both between two readings.
    raw = redis.get("metrics.app.load")
    redis.pipeline(transaction=True).set("metrics.app.load", raw[15 * 300:]).append(
        "metrics.app.load", raw[-15 * 20:]).execute()
    m.write(50)
    judged(redis, m.written)
    assert total(redis, "full_reads") >= 1
    assert total(redis, "redis_errors") == 0


def test_foreign_points_are_judged_too(redis, settings, daemons):
    """Skyline packs integers and floats in msgpack's shortest forms."""
    msgpack = pytest.importorskip("msgpack")
    t0 = int(time.time()) // STEP_S * STEP_S - 3600
    redis.append("metrics.foreign", b"".join(msgpack.packb((t0 + STEP_S * i, i % 7)) for i in range(200)))
    redis.sadd("metrics.unique_metrics", "metrics.foreign")
    daemons("analyzer", settings()).wait_ready()
    judged(redis, 200)
    redis.append("metrics.foreign", msgpack.packb((t0 + 2000, 3.5)))
    judged(redis, 201)


def test_what_is_no_metric_hurts_no_other(redis, settings, metric, daemons):
    m = metric("app.load", hours_ago=25)
    m.write(10000)  # across a boundary of the retention, whose record Redis will refuse
    redis.sadd("metrics.unique_metrics", "metrics.", "stray", b"metrics.\xff\xfe", b"metrics.a\x00b",
               "metrics." + "x" * 5000, "metrics.list", "metrics.absent", "metrics.<img src=x onerror=alert(1)>")
    redis.rpush("metrics.list", "a")
    redis.rpush("ridgeline:record:app.load", "not a hash")
    redis.hset("ridgeline:record:list", "now", b"R" * 3000)
    redis.hset("ridgeline:open:3", "id", "{not json")
    redis.xadd("ridgeline:events:3", {"kind": "open", "id": "x", "json": "[]"})
    redis.append("metrics.<img src=x onerror=alert(1)>", canonical(m.t, 1.0))
    redis.set("ridgeline:overrides", "not a hash")
    redis.set("ridgeline:mutes", "not a hash")
    d = daemons("analyzer", settings()).wait_ready()
    judged(redis, m.written + 1)
    m.write(10)
    judged(redis, m.written + 1)
    assert total(redis, "records_rejected") == 2
    assert d.stop() == 0
    assert d.logged("event=stopped complete=yes")


# With these no two detectors ever agree.
DEAF = {"three_sigma": 1000, "median": 1000, "holt_winters": 1000, "linear_regression": 1000}


def overrides(client, version, *entries):
    client.hset("ridgeline:overrides", mapping={"version": version, "list": json.dumps(entries)})


def test_an_override_changes_what_opens_within_two_seconds(redis, settings, metric, daemons):
    hushed, heard = metric("app.hushed"), metric("app.heard")
    d = daemons("analyzer", settings()).wait_ready()
    judged(redis, 2 * WARM)
    overrides(redis, "1", {"match": "app.hushed", "saved_at": int(time.time()), "options": DEAF})
    wait_both(d, "event=overrides_read overrides=1")
    for m in (hushed, heard):
        m.write(12, 40)
        m.write(360)
    wait_for("the heard one", lambda: kinds(redis, "app.heard") == ["open", "close"])
    judged(redis, hushed.written + heard.written)
    time.sleep(0.5)
    assert kinds(redis, "app.hushed") == []
    redis.hset("ridgeline:overrides", mapping={"version": "2", "list": "{broken"})
    wait_for("the complaint", lambda: d.logged("event=overrides_rejected"))


def test_a_reload_puts_new_rules_in_force(redis, settings, metric, daemons):
    m = metric("app.load")
    d = daemons("analyzer", settings()).wait_ready()
    judged(redis, WARM)
    deaf = "".join(f"{name} = {value}; " for name, value in DEAF.items())
    settings(more=f'rules = ( {{ match = "app.*"; {deaf}}} );')
    d.process.send_signal(signal.SIGHUP)
    wait_for("the workers' reload", lambda: d.log.read_text().count("event=settings_reloaded") >= 3)
    m.write(12, 40)
    m.write(360)
    judged(redis, m.written)
    time.sleep(0.5)
    assert kinds(redis, "app.load") == []


def test_a_day_of_history_of_others_does_not_delay_a_live_metric(redis, settings, metric, daemons):
    live = metric("live", hours_ago=3)
    daemons("analyzer", settings("workers = 1;")).wait_ready()
    judged(redis, WARM)
    live.write(1)
    day = b"".join(canonical(live.t - 24 * 3600 + STEP_S * i, i % 17) for i in range(8640))
    for i in range(400):
        redis.append(f"metrics.old.h{i}", day)
        redis.sadd("metrics.unique_metrics", f"metrics.old.h{i}")
        redis.xadd("ridgeline:names", {"n": f"old.h{i}"})
    wait_for("the history to be read", lambda: total(redis, "judged") > WARM + 1)
    live.write(12, 40)
    wait_for("the live anomaly", lambda: kinds(redis, "live"), every_s=0.02)
    assert total(redis, "judged") < WARM + 13 + 400 * 8640, "the history was over: nothing was tested"
    judged(redis, WARM + 13 + 400 * 8640)

"""The real analyzer on a real Redis. Points are written as horizon writes them, with times in the past
where a test needs history: windows count in the data's time, so nothing here waits for hours."""
import json
import os
import random
import signal
import subprocess
import threading
import time

import pytest
from conftest import BUILD, RedisServer, canonical, wait_for, write_settings

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


def children(daemon):
    out = subprocess.run(["pgrep", "-P", str(daemon.process.pid)], capture_output=True, text=True, check=False).stdout
    return [int(pid) for pid in out.split()]


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


def test_an_anomaly_crosses_each_score_once_though_it_rises_and_the_analyzer_is_killed(redis, settings, metric, daemons):
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


def test_a_new_name_is_read_within_two_seconds(redis, settings, metric, daemons):
    metric("first")
    daemons("analyzer", settings()).wait_ready()
    judged(redis, WARM)
    metric("second")
    began = time.monotonic()
    wait_for("the new metric", lambda: total(redis, "metrics") == 2, every_s=0.02)
    # What shows it is the counter, which is saved each second.
    assert time.monotonic() - began < 3.5


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
    time.sleep(2)
    assert d.logged("event=overrides_read")
    for m in (hushed, heard):
        m.write(12, 40)
        m.write(360)
    wait_for("the heard one", lambda: kinds(redis, "app.heard") == ["open", "close"])
    judged(redis, hushed.written + heard.written)
    time.sleep(0.5)
    assert kinds(redis, "app.hushed") == []
    redis.hset("ridgeline:overrides", mapping={"version": "2", "list": "{broken"})
    wait_for("the complaint", lambda: d.logged("event=overrides_rejected"), 5)


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


def once_each(client, names):
    """One opening, one closing, of one id, for every name: exactly."""
    for name in names:
        told = [(kind, a["id"]) for kind, a in events(client, name) if kind != "update"]
        assert [kind for kind, _ in told] == ["open", "close"], (name, told)
        assert told[0][1] == told[1][1]
    assert open_anomalies(client) == []


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


def test_a_reload_puts_new_rules_in_force(redis, settings, metric, daemons):
    m = metric("app.load")
    d = daemons("analyzer", settings()).wait_ready()
    judged(redis, WARM)
    deaf = "".join(f"{name} = {value}; " for name, value in DEAF.items())
    settings(more=f'rules = ( {{ match = "app.*"; {deaf}}} );')
    d.process.send_signal(signal.SIGHUP)
    wait_for("the workers' reload", lambda: d.log.read_text().count("event=settings_reloaded") >= 3, 5)
    m.write(12, 40)
    m.write(360)
    judged(redis, m.written)
    time.sleep(0.5)
    assert kinds(redis, "app.load") == []


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
        wait_for("another one", lambda: log.read_text().count("process=analyzer.0 event=reconciled") == 2, 10)
        process.terminate()
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()


def test_stopping_is_quick_and_clean(redis, settings, metric, daemons):
    for i in range(50):
        metric(f"app.h{i}")
    d = daemons("analyzer", settings()).wait_ready()
    judged(redis, 50 * WARM)
    began = time.monotonic()
    assert d.stop() == 0
    assert time.monotonic() - began < 3
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

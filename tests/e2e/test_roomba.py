"""roomba against a real Redis: what it cuts, what it rewrites, what it forgets,
and above all what it leaves alone."""
import itertools
import socket
import threading
import time

import msgpack
import pytest

from conftest import canonical, points_of, wait_for, write_settings
from senders import RacingProxy
from storage import Monitor, allow, put, script_on

RETENTION_S = 3600
SETTINGS = """
redis = "unix:{sock}";
instance = "{instance}";
retention = "10s:1h";
roomba: {{ pass_interval = "1s"; }};
"""


def series(first, last, step=10):
    """Canonical bytes of a point each `step` seconds, value = time."""
    return b"".join(canonical(t, float(t)) for t in range(int(first), int(last) + 1, step))


class Roomba:
    def __init__(self, redis, daemons, tmp_path, instance=""):
        self.redis, self.instance = redis, instance
        path = write_settings(tmp_path / f"roomba{instance}.conf", SETTINGS.format(sock=redis.sock, instance=instance))
        self.daemon = daemons("roomba", path).wait_ready()

    def counter(self, field):
        name = "roomba" + ("@" + self.instance if self.instance else "")
        return int(self.redis.hget("ridgeline:stats:" + name, field) or 0)

    def wait_counter(self, field, least):
        wait_for(f"{field} >= {least}", lambda: self.counter(field) >= least)

    def wait_walks(self, n=2):
        """Until `n` walks have begun and ended from now on."""
        self.wait_counter("passes", self.counter("passes") + n + 1)

    def stop(self):
        assert self.daemon.stop() == 0


@pytest.fixture
def roomba(redis, daemons, tmp_path):
    """Starts roombas; those that run at the end of the test must end well."""
    started = []

    def begin(**more):
        started.append(Roomba(redis, daemons, tmp_path, **more))
        return started[-1]

    yield begin
    for r in started:
        if r.daemon.process.poll() is None:
            r.stop()


def test_trims_to_the_retention_before_the_newest_point(redis, roomba):
    now = int(time.time())
    put(redis, "live", series(now - 7200, now))
    put(redis, "stopped", series(now - 9000, now - 1800))
    put(redis, "young", series(now - RETENTION_S, now))
    put(redis, "one", canonical(now, 1.0))
    r = roomba()
    r.wait_walks()
    for name, newest in (("live", now), ("stopped", now - 1800), ("young", now)):
        times = [t for t, _ in points_of(redis, name)]
        assert times == list(range(newest - RETENTION_S, newest + 1, 10)), name
    assert points_of(redis, "one") == [(now, 1.0)]
    assert r.counter("trimmed") == 2
    assert r.counter("points_cut") == 2 * 360
    assert r.counter("errors") == 0


def test_finds_the_cut_of_a_long_key(redis, roomba):
    now = int(time.time())
    put(redis, "long", series(now - 400000, now, 2))
    roomba().wait_walks()
    assert [t for t, _ in points_of(redis, "long")] == list(range(now - RETENTION_S, now + 1, 2))


def test_never_cuts_a_young_point_whatever_the_order(redis, roomba):
    now = int(time.time())
    raw = (series(now - 7200, now - 4200) + canonical(now - 100, 1.0) + series(now - 7200, now - 4200) +
           series(now - 3500, now) + series(now - 900, now - 500))
    put(redis, "late", raw)
    roomba().wait_walks()
    left = points_of(redis, "late")
    assert left[0] == (now - 100, 1.0)
    assert raw.endswith(redis.get("metrics.late"))


def test_far_future_point_does_not_age_the_others(redis, roomba):
    now = int(time.time())
    raw = series(now - 3000, now) + canonical(2**32 - 1, 1.0)
    put(redis, "future", raw)
    roomba().wait_walks()
    assert redis.get("metrics.future") == raw


def test_waits_until_a_trim_is_worth_its_cost(redis, roomba):
    now = int(time.time())
    raw = series(now - RETENTION_S - 100, now)
    put(redis, "slack", raw)
    roomba().wait_walks()
    assert redis.get("metrics.slack") == raw


def test_trim_leaves_room_until_the_next(redis, roomba):
    """Redis doubles a string that has no room for an APPEND; until a fifth is old again there is some."""
    now = int(time.time())
    put(redis, "room", series(now - 7200, now))
    r = roomba()
    r.wait_counter("trimmed", 1)
    trimmed = redis.memory_usage("metrics.room")
    assert trimmed < 1.6 * 361 * 15
    for t in range(now + 10, now + 900, 10):  # 89 points: with them nearly a fifth is old
        redis.append("metrics.room", canonical(t, float(t)))
    r.wait_walks()
    assert redis.strlen("metrics.room") == (361 + 89) * 15
    assert redis.memory_usage("metrics.room") == trimmed


def test_trim_sent_twice_trims_once(redis, roomba):
    now = int(time.time())
    put(redis, "twice", series(now - 7200, now))
    monitor = Monitor(redis.sock)
    r = roomba()
    r.wait_counter("trimmed", 1)
    r.stop()
    trimmed = redis.get("metrics.twice")
    command = script_on(monitor.scripts(), "metrics.twice")
    assert redis.execute_command(*command) == 0
    assert redis.get("metrics.twice") == trimmed
    redis.set("metrics.twice", series(now - 7200, now) + canonical(now + 10, 1.0))
    assert redis.execute_command(*command) == 1
    assert redis.get("metrics.twice") == trimmed + canonical(now + 10, 1.0)


def test_points_appended_meanwhile_survive(redis, roomba):
    """Time runs a few hundred times as fast, so that each walk finds something to cut."""
    now = int(time.time())
    times = range(now - 9000, now + 500, 10)
    before = [t for t in times if t < now - 4000]
    put(redis, "own", b"".join(canonical(t, float(t)) for t in before))
    put(redis, "foreign", b"".join(msgpack.packb((t, t)) for t in before))
    r = roomba()
    for t in times[len(before):]:
        redis.append("metrics.own", canonical(t, float(t)))
        redis.append("metrics.foreign", msgpack.packb([t, t]) if t // 10 % 2 else canonical(t, float(t)))
        time.sleep(0.02)
    r.wait_walks(2)
    assert r.counter("trimmed") >= 6
    assert r.counter("rewritten") >= 3
    for name in ("own", "foreign"):
        stored = points_of(redis, name)
        # a fifth of the key waits, and what came since the last walk
        assert 361 <= len(stored) <= 361 * 5 / 4 + 15, name
        assert stored == [(t, float(t)) for t in times][-len(stored):], name


def test_rewrites_what_skyline_wrote(redis, roomba):
    now = int(time.time())
    raw = (b"".join(msgpack.packb((t, t % 100)) for t in range(now - 600, now - 400, 10)) +
           b"".join(msgpack.packb([float(t) + 0.5, 0.25]) for t in range(now - 400, now - 200, 10)) +
           b"\xc1\xc1\xc1" + msgpack.packb((now - 200, float("nan"))) +
           canonical(now - 190, -1e300) + msgpack.packb([now, -5]))
    put(redis, "skyline", raw)
    r = roomba()
    r.wait_counter("rewritten", 1)
    assert points_of(redis, "skyline") == (
        [(t, float(t % 100)) for t in range(now - 600, now - 400, 10)] +
        [(t, 0.25) for t in range(now - 400, now - 200, 10)] + [(now - 190, -1e300), (now, -5.0)])
    assert r.counter("junk_bytes") == 3 + 15
    r.wait_walks()
    assert r.counter("rewritten") == 1


def test_rewrite_sent_again_keeps_what_was_appended_and_touches_no_other_bytes(redis, roomba):
    now = int(time.time())
    old = b"".join(msgpack.packb((t, 1)) for t in range(now - 100, now, 10))
    put(redis, "skyline", old)
    monitor = Monitor(redis.sock)
    r = roomba()
    r.wait_counter("rewritten", 1)
    r.stop()
    command = [c for c in monitor.scripts() if c[3] == b"metrics.skyline" and len(c) == 7][-1]
    new = redis.get("metrics.skyline")
    assert redis.execute_command(*command) == 0
    assert redis.get("metrics.skyline") == new
    redis.set("metrics.skyline", old + canonical(now, 2.0))
    assert redis.execute_command(*command) == 1
    assert redis.get("metrics.skyline") == new + canonical(now, 2.0)
    other = bytes([old[0]]) + b"\x05" + old[2:]
    redis.set("metrics.skyline", other)
    assert redis.execute_command(*command) == 0
    assert redis.get("metrics.skyline") == other


def test_forgets_a_dead_metric_and_keeps_a_living_one(redis, roomba):
    now = int(time.time())
    put(redis, "dead", series(now - 20000, now - 10000))
    put(redis, "silent", series(now - 6000, now - 4000))
    put(redis, "live", series(now - 1000, now))
    for name in ("dead", "silent", "live"):
        redis.hset("ridgeline:record:" + name, "now", b"record")
    r = roomba()
    r.wait_counter("forgotten", 1)
    r.wait_walks()
    assert r.counter("forgotten") == 1
    assert redis.smembers("metrics.unique_metrics") == {b"metrics.silent", b"metrics.live"}
    assert not redis.exists("metrics.dead", "ridgeline:record:dead")
    assert redis.exists("metrics.silent", "metrics.live", "ridgeline:record:silent", "ridgeline:record:live") == 4


def test_old_metric_that_still_grows_is_not_dead(redis, roomba):
    """As every metric looks to a machine whose clock jumped ahead."""
    old = int(time.time()) - 50000
    put(redis, "grows", series(old, old + 100))
    put(redis, "dead", series(old, old + 100))
    stop = threading.Event()

    def grow():
        for t in itertools.count(old + 110):
            redis.append("metrics.grows", canonical(t, 1.0))
            if stop.wait(0.05):
                return

    writer = threading.Thread(target=grow)
    writer.start()
    r = roomba()
    r.wait_counter("forgotten", 1)
    r.wait_walks(3)
    stop.set()
    writer.join()
    assert redis.exists("metrics.grows") and not redis.exists("metrics.dead")
    assert r.counter("forgotten") == 1


def test_forgets_a_name_whose_key_is_gone_with_all_that_is_of_it(redis, roomba):
    now = int(time.time())
    for name in ("gone", "live"):
        put(redis, name, series(now - 1000, now))
        redis.hset("ridgeline:record:" + name, "now", b"record")
        redis.set("rollup." + name, b"rollup")
    redis.delete("metrics.gone")
    redis.sadd("metrics.unique_metrics", "metrics.", "other")
    r = roomba()
    r.wait_counter("names_forgotten", 1)
    r.wait_walks()
    assert r.counter("names_forgotten") == 1 and r.counter("forgotten") == r.counter("errors") == 0
    assert redis.smembers("metrics.unique_metrics") == {b"metrics.live", b"metrics.", b"other"}
    assert not redis.exists("ridgeline:record:gone", "rollup.gone")
    assert redis.exists("metrics.live", "ridgeline:record:live", "rollup.live") == 3


def test_a_name_whose_key_begins_anew_as_it_is_forgotten_stays(redis, roomba, tmp_path):
    redis.sadd("metrics.unique_metrics", "metrics.back")
    redis.set("rollup.back", b"rollup")
    point = canonical(int(time.time()), 1.0)
    with RacingProxy(tmp_path / "proxy.sock", redis.sock, b"SREM", b"metrics.back",
                     lambda: redis.append("metrics.back", point)) as proxy:
        redis.sock = proxy.sock
        r = roomba()
        r.wait_counter("raced", 1)
        r.wait_walks()
        assert proxy.acted.is_set() and r.counter("names_forgotten") == 0
    assert redis.sismember("metrics.unique_metrics", "metrics.back")
    assert redis.get("metrics.back") == point and redis.exists("rollup.back")


def test_a_set_of_names_that_is_none_keeps_no_key_from_its_walk(redis, roomba):
    now = int(time.time())
    redis.set("metrics.unique_metrics", "x")
    redis.set("metrics.live", series(now - 7200, now))
    r = roomba()
    r.wait_counter("trimmed", 1)
    r.wait_walks()
    assert r.counter("errors") > 0


def test_leaves_what_is_not_a_series(redis, roomba):
    now = int(time.time())
    redis.rpush("metrics.list", "a")
    redis.hset("metrics.hash", "a", "b")
    redis.set("metrics.text", "no points here")
    redis.set("metrics.empty", "")
    redis.set("other", series(now - 90000, now - 80000))
    put(redis, "live", series(now - 7200, now))
    r = roomba()
    r.wait_counter("trimmed", 1)
    r.wait_walks()
    assert redis.lrange("metrics.list", 0, -1) == [b"a"]
    assert redis.hgetall("metrics.hash") == {b"a": b"b"}
    assert redis.get("metrics.text") == b"no points here"
    assert redis.exists("metrics.empty", "other") == 2
    assert r.counter("errors") >= 2
    assert r.daemon.logged('event=key_refused key="metrics.list" reason="WRONGTYPE')


@pytest.mark.parametrize("denied", ["srem", "del", "getrange", "strlen", "script", "scan", "dbsize"])
def test_deletes_nothing_when_redis_refuses(redis, roomba, denied):
    now = int(time.time())
    dead, live = series(now - 20000, now - 10000), series(now - 7200, now)
    put(redis, "dead", dead)
    allow(redis, "+@all", "-" + denied)
    r = roomba()
    if denied == "script":
        time.sleep(3)  # without scripts it holds no lease, and never begins
        assert r.counter("leader") == 0
    else:
        r.wait_counter("errors", 3)
    assert redis.get("metrics.dead") == dead
    wait_for("the name", lambda: redis.smembers("metrics.unique_metrics") == {b"metrics.dead"})
    allow(redis, "+@all")
    put(redis, "live", live)
    r.wait_counter("forgotten", 1)
    r.wait_counter("trimmed", 1)


def test_deletes_nothing_when_redis_is_read_only(redis, roomba):
    now = int(time.time())
    raw = series(now - 20000, now - 10000)
    put(redis, "dead", raw)
    redis.execute_command("REPLICAOF", "127.0.0.1", "1")
    r = roomba()
    time.sleep(4)
    assert redis.get("metrics.dead") == raw and redis.sismember("metrics.unique_metrics", "metrics.dead")
    redis.execute_command("REPLICAOF", "NO", "ONE")
    r.wait_counter("forgotten", 1)


def test_trims_when_redis_is_out_of_memory(redis, roomba):
    now = int(time.time())
    r = roomba()
    r.wait_counter("leader", 1)
    put(redis, "full", series(now - 20000, now))
    redis.config_set("maxmemory", 1)
    wait_for("the trim", lambda: redis.strlen("metrics.full") == 361 * 15)
    assert redis.sismember("metrics.unique_metrics", "metrics.full")


def test_lease_passes_on_when_its_holder_dies(redis, roomba):
    now = int(time.time())
    first = roomba(instance="a")
    first.wait_counter("leader", 1)
    second = roomba(instance="b")
    wait_for("the second's statistics", lambda: redis.hexists("ridgeline:stats:roomba@b", "saved_at_ms"))
    put(redis, "one", series(now - 7200, now))
    first.wait_counter("trimmed", 1)
    assert second.counter("leader") == 0 and second.counter("visited") == 0

    first.daemon.kill()
    put(redis, "two", series(now - 7200, now))
    second.wait_counter("leader", 1)
    second.wait_counter("trimmed", 1)
    second.stop()
    assert not redis.exists("ridgeline:lease:roomba")
    assert second.counter("leader") == 0


def test_leader_that_finds_another_in_its_place_stands_by(redis, roomba):
    r = roomba()
    r.wait_counter("passes", 1)
    redis.set("ridgeline:lease:roomba", "another", px=60000)
    now = int(time.time())
    wait_for("it to notice", lambda: r.counter("leader") == 0)
    put(redis, "late", series(now - 7200, now))
    time.sleep(3)
    assert redis.strlen("metrics.late") == 721 * 15
    r.stop()
    assert redis.get("ridgeline:lease:roomba") == b"another"


def test_goes_on_after_a_restart_of_redis(redis, redis_server, roomba):
    now = int(time.time())
    r = roomba()
    r.wait_counter("passes", 1)
    redis_server.kill()
    time.sleep(1)
    redis_server.start()
    redis_server.client.close()
    put(redis, "again", series(now - 7200, now))
    r.wait_counter("trimmed", 1)
    assert r.daemon.process.poll() is None


def test_an_absence_of_redis_is_told_seldom_and_its_end_once(redis_server, roomba):
    r = roomba()
    r.wait_counter("passes", 1)

    def said(event):
        return [line for line in r.daemon.log.read_text().splitlines() if f"event={event} " in line]

    redis_server.kill()
    begun = time.monotonic()
    wait_for("a second word", lambda: len(said("redis_down")) == 2)
    redis_server.start()
    redis_server.client.close()
    wait_for("the end", lambda: said("redis_up"))
    away_s = time.monotonic() - begun
    assert away_s > 4 and len(said("redis_down")) <= 2 + away_s / 10  # it tries each 2 s
    assert len(said("redis_up")) == 1
    assert " away_s=0 " in said("redis_down")[0] and f"address=unix:{redis_server.sock} " in said("redis_down")[0]
    assert int(said("redis_up")[0].split("away_s=")[1].split()[0]) >= 4


def test_starts_without_redis_and_stops_at_once(tmp_path, daemons):
    path = write_settings(tmp_path / "s.conf", SETTINGS.format(sock=tmp_path / "none.sock", instance=""))
    d = daemons("roomba", path).wait_ready()
    time.sleep(0.5)
    begun = time.monotonic()
    assert d.stop() == 0
    assert time.monotonic() - begun < 10  # 0.2 s on a machine that is not busy


def test_a_server_that_is_no_redis_counts_as_absent(tmp_path, daemons):
    path = tmp_path / "other.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        settings = write_settings(tmp_path / "settings.conf", f'redis = "unix:{path}";\n')
        d = daemons("roomba", settings).wait_ready()
        peer, _ = listener.accept()
        with peer:
            assert b"PING" in peer.recv(100)
            peer.sendall(b":1\r\n")
            wait_for("the refusal", lambda: d.logged("event=redis_down") or d.process.poll() is not None)
        assert d.stop() == 0


def test_drops_processes_that_are_gone_for_a_day(redis, roomba):
    now = int(time.time())
    redis.hset("ridgeline:processes", mapping={"analyzer.7": now - 90000, "analyzer.1": now - 80000, "odd": "never"})
    for name in ("analyzer.7", "analyzer.1", "odd"):
        redis.hset("ridgeline:stats:" + name, "pid", 1)
    roomba().wait_walks()
    assert set(redis.hkeys("ridgeline:processes")) == {b"analyzer.1", b"odd", b"roomba"}
    assert not redis.exists("ridgeline:stats:analyzer.7")
    assert redis.exists("ridgeline:stats:analyzer.1", "ridgeline:stats:odd") == 2


def test_reads_the_settings_again_on_sighup(redis, roomba, tmp_path):
    now = int(time.time())
    r = roomba()
    put(redis, "kept", series(now - 7000, now))
    path = tmp_path / "roomba.conf"
    text = path.read_text()
    path.write_text(text.replace("10s:1h", "10s:nonsense"))
    r.daemon.process.send_signal(1)
    wait_for("the refusal", lambda: r.daemon.logged("event=settings_rejected"))
    r.wait_counter("trimmed", 1)
    path.write_text(text.replace("10s:1h", "10s:2h"))
    r.daemon.process.send_signal(1)
    wait_for("the new settings", lambda: r.daemon.logged("event=settings_reloaded"))
    raw = series(now - 7000, now)
    put(redis, "more", raw)
    r.wait_walks()
    assert redis.get("metrics.more") == raw


def test_a_reload_puts_the_log_level_in_force(redis, roomba, tmp_path):
    r = roomba()
    path = tmp_path / "roomba.conf"
    wait_for("a walk", lambda: r.daemon.logged("event=walk_done"))
    path.write_text(path.read_text() + 'log_level = "error";\n')
    r.daemon.process.send_signal(1)
    r.wait_walks()
    lines = r.daemon.log.read_text().count("\n")
    r.wait_walks()
    assert r.daemon.log.read_text().count("\n") == lines

"""What roomba forgets, and that it deletes nothing when it must not, or cannot know."""
import itertools
import threading
import time

import pytest

from conftest import canonical, wait_for
from roombas import roomba, series  # noqa: F401 (fixtures)
from senders import RacingProxy
from storage import allow, put


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
    r = roomba(pass_interval="4s")  # in which a busy machine, too, lets it grow
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

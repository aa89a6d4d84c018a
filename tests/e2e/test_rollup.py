"""Long memory against a real Redis: what roomba folds is what a model that keeps every point says,
however the points came, whoever died, and whatever was sent twice."""
import random
import struct
import threading
import time

import pytest

from conftest import points_of, wait_for
from rollups import (  # noqa: F401 (fixtures)
    FROM_FINER, FROM_RAW, Rollup, check, encode, line, roomba, send, stored, traffic)
from storage import Monitor, allow, put, script_on


@pytest.mark.parametrize("retention", [FROM_RAW, FROM_FINER])
def test_holds_what_a_model_of_all_points_holds(redis, roomba, retention):
    now = int(time.time())
    sent = {f"{kind}{seed}": traffic(seed, now - 5 * 3600, now) for seed in range(6) for kind in ("own", "foreign")}
    r = roomba(retention)
    send(redis, sent, encode, 150, lambda i: i in (50, 100) and r.wait_walks())  # a slow one has its turns too
    r.wait_walks()
    assert r.counter("rollups_begun") == len(sent)
    assert r.counter("folded") > len(sent)
    assert r.counter("points_late") == r.counter("errors") == r.counter("rollups_rebuilt") == 0
    for name, points in sent.items():
        rollup, tail = check(redis, name, points)
        assert tail[0][0] >= rollup.until, name
        assert len(tail) < 360 + len(points) / 3, name


def test_killed_at_any_moment_neither_loses_nor_doubles_a_point(redis, roomba):
    now = int(time.time())
    sent = {f"{kind}{seed}": traffic(seed, now - 5 * 3600, now) for seed in range(6, 10) for kind in ("own", "foreign")}
    r = roomba()
    rng = random.Random(1)

    def kill(i):
        if i % 8 == 7:
            time.sleep(rng.random())
            r.restart()

    send(redis, sent, encode, 80, kill)
    r.wait_walks(3)
    for name, points in sent.items():
        rollup, tail = check(redis, name, points)
        assert tail[0][0] >= rollup.until, name


def test_a_crash_between_the_two_steps_is_mended_by_the_next_walk(redis, roomba):
    """Redis lets the fold through and refuses the trim, which is the state that such a crash leaves."""
    now = int(time.time())
    sent = line(now - 3000, now)
    put(redis, "a", stored(sent))
    redis.acl_setuser("default", enabled=True, nopass=True, commands=["+@all"], reset_keys=True,
                      keys=["rollup.*", "ridgeline:*"], channels=["*"], selectors=[("+@all", "%R~metrics.*")])
    r = roomba()
    wait_for("the fold", lambda: r.counter("folded") == 1)
    r.wait_walks()
    rollup, tail = check(redis, "a", sent)
    assert tail == sent and r.counter("folded") == 1 and r.counter("trimmed") == 0
    assert r.daemon.logged("reason=\"trim refused")
    allow(redis, "+@all")
    r.wait_counter("trimmed", 1)
    after, tail = check(redis, "a", sent)
    assert after.raw == rollup.raw
    assert tail[0][0] == rollup.until
    assert r.counter("points_late") == 0


def test_scripts_sent_twice_act_once(redis, roomba):
    now = int(time.time())
    first, second = line(now - 3000, now - 900), line(now - 900, now)
    put(redis, "a", stored(first))
    monitor = Monitor(redis.sock)
    r = roomba()
    r.wait_counter("trimmed", 1)
    redis.append("metrics.a", stored(second))
    r.wait_counter("trimmed", 2)
    r.stop()
    rollup, tail = check(redis, "a", first + second)
    commands = monitor.scripts()
    folds = [c for c in commands if c[3] == b"rollup.a"]
    assert len(folds) == 2
    for command in folds + [script_on(commands, "metrics.a")]:
        assert redis.execute_command(*command) == 0
    assert redis.get("rollup.a") == rollup.raw
    assert points_of(redis, "a") == tail


def test_a_fold_writes_what_it_computed_and_nothing_else(redis, roomba):
    now = int(time.time())
    put(redis, "a", stored(line(now - 20000, now - 900)))
    r = roomba()
    r.wait_counter("trimmed", 1)
    monitor = Monitor(redis.sock)
    redis.append("metrics.a", stored(line(now - 900, now)))
    r.wait_counter("trimmed", 2)
    r.stop()
    fold = script_on(monitor.scripts(), "rollup.a")
    # 900 s: 90 means, and 15 minima, means and maxima of a minute, each run with its place and length
    assert 4 * (90 + 45) <= len(fold[-1]) <= 4 * (90 + 45) + 4 + 8 * 9


def test_a_point_behind_what_is_folded_is_dropped_and_counted(redis, roomba):
    now = int(time.time())
    sent = line(now - 3000, now - 900)
    put(redis, "a", stored(sent))
    r = roomba()
    r.wait_counter("trimmed", 1)
    before = Rollup(redis, "a").until
    late = [(before - 5, 1e6), (before - 700, 1e6), (now - 2999, 1e6)]
    redis.append("metrics.a", stored(late))
    rest = line(now - 900, now)
    redis.append("metrics.a", stored(rest))
    r.wait_counter("trimmed", 2)
    r.wait_walks()
    check(redis, "a", sent + rest)
    assert all(t >= before for t, _ in points_of(redis, "a"))
    assert r.counter("points_late") == 3


def test_points_appended_meanwhile_survive(redis, roomba):
    """Time runs a few hundred times as fast, in a thread of its own, while roomba walks without a pause."""
    now = int(time.time())
    sent = line(now - 4 * 3600, now)
    put(redis, "a", stored(sent[:3000]))
    r = roomba()

    def append():
        for at in range(3000, len(sent), 10):
            redis.append("metrics.a", stored(sent[at:at + 10]))
            if at % 3000 == 0:  # a slow roomba has its turns too
                r.wait_counter("folded", at // 3000)
            time.sleep(0.005)

    writer = threading.Thread(target=append)
    writer.start()
    writer.join()
    r.wait_walks()
    check(redis, "a", sent)
    assert r.counter("folded") > 2


def test_a_key_of_more_than_a_million_points_is_folded_in_parts(redis, roomba):
    now = int(time.time())
    sent = line(now - 1_100_000, now)
    put(redis, "long", stored(sent))
    r = roomba()
    r.wait_counter("trimmed", 2)
    check(redis, "long", sent[-30000:])
    assert len(points_of(redis, "long")) < 500
    assert r.counter("points_cut") + len(points_of(redis, "long")) == len(sent)


def test_a_rollup_that_cannot_be_read_is_begun_anew(redis, roomba):
    now = int(time.time())
    sent = line(now - 3000, now)
    put(redis, "junk", stored(sent))
    put(redis, "list", stored(sent))
    redis.set("rollup.junk", b"\x86" + b"x" * 5000)
    redis.rpush("rollup.list", "a")
    r = roomba()
    r.wait_counter("rollups_rejected", 1)
    r.wait_counter("errors", 1)
    check(redis, "junk", sent)
    assert points_of(redis, "list") == sent and redis.lrange("rollup.list", 0, -1) == [b"a"]
    assert r.daemon.logged('key="metrics.list" reason="rollup not read"')


def test_folds_when_redis_is_out_of_memory(redis, roomba):
    now = int(time.time())
    r = roomba()
    r.wait_counter("leader", 1)
    sent = line(now - 3000, now)
    put(redis, "a", stored(sent))
    redis.config_set("maxmemory", 1)
    wait_for("the trim", lambda: len(points_of(redis, "a")) < 480)
    redis.config_set("maxmemory", 0)
    check(redis, "a", sent)


def test_a_clock_that_ran_ahead_costs_no_young_point(redis, roomba):
    """Points of the future were folded while the clock was wrong. Those that come after it was set right stay."""
    now = int(time.time())
    sent = line(now - 2000, now)
    put(redis, "a", stored(sent))
    r = roomba()
    r.wait_counter("trimmed", 1)
    r.stop()
    raw = bytearray(redis.get("rollup.a"))
    at = raw.index(b"folded_until") + 13
    raw[at:at + 4] = struct.pack(">I", (now + 3000) // 60 * 60)
    redis.set("rollup.a", bytes(raw))
    redis.append("metrics.a", stored(line(now, now + 1)))
    kept = points_of(redis, "a")
    r = roomba()
    r.wait_walks()
    assert points_of(redis, "a") == kept

"""roomba against a real Redis: what it cuts, what it rewrites, and what it leaves alone."""
import time

import msgpack

from conftest import canonical, points_of
from roombas import RETENTION_S, roomba, series  # noqa: F401 (fixtures)
from storage import Monitor, put, script_on


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
        if t // 10 % 100 == 0:  # a slow roomba has its turns too
            r.wait_walks(1)
        time.sleep(0.01)
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

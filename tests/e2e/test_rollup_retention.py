"""What each metric keeps and for how long, by its own step, its rule, and another retention."""
import time

from conftest import points_of
from rollups import FROM_RAW, RULES, Rollup, check, line, roomba, series, stored  # noqa: F401 (fixtures)
from storage import put


def test_keeps_360_points_of_a_slow_metric_and_leaves_out_what_is_finer_than_its_step(redis, roomba):
    now = int(time.time())
    sent = line(now - 30 * 900, now, 30)
    put(redis, "slow", stored(sent))
    r = roomba()
    r.wait_counter("trimmed", 1)
    rollup, tail = check(redis, "slow", sent)
    assert rollup.step == 30
    assert [step for step, _, _ in rollup.archives] == [60]
    assert 360 <= len(tail) <= 362


def test_a_metric_with_a_point_a_minute_keeps_its_points_as_long_as_others_their_minute_means(redis, roomba):
    now = int(time.time())
    for name, step, hours in ("minutes", 60, 36), ("gaps", 60, 36), ("seconds", 10, 3):
        put(redis, name, stored([p for p in line(now - hours * 3600, now, step)
                                 if name != "gaps" or p[0] % 7 and not 3600 < now - p[0] < 7200]))
    sent = {name: points_of(redis, name) for name in ("minutes", "gaps", "seconds")}
    r = roomba("10s:1h,1m:1d,10m:14d")
    r.wait_counter("trimmed", 3)
    r.wait_walks()
    assert r.counter("trimmed") == 3
    for name, raw_s, archives in ("minutes", 86400, [600]), ("gaps", 86400, [600]), ("seconds", 3600, [60, 600]):
        rollup, tail = check(redis, name, sent[name])
        assert [step for step, _, _ in rollup.archives] == archives
        assert raw_s <= now - tail[0][0] < raw_s + 700, name


def test_a_metric_whose_minutes_jitter_keeps_its_points_as_long(redis, roomba):
    now = int(time.time()) // 180 * 180
    apart = [(t - t % 180 // 60, 1.0) for t in range(now - 36 * 3600, now, 60)]  # 59, 59 and 62 s
    put(redis, "a", stored(apart))
    r = roomba("10s:1h,1m:1d,10m:14d")
    r.wait_counter("trimmed", 1)
    assert 86400 - 120 <= now - points_of(redis, "a")[0][0] < 86400 + 700
    assert [step for step, _, _ in Rollup(redis, "a").archives] == [600]


def test_a_metric_that_sends_more_often_than_it_did_gets_the_means_that_were_left_out(redis, roomba):
    now = int(time.time()) // 600 * 600
    slow, fast = line(now - 60 * 3600, now - 20 * 3600, 60), line(now - 20 * 3600, now, 10)
    put(redis, "a", stored(slow))
    r = roomba("10s:1h,1m:1d,10m:14d")
    r.wait_counter("trimmed", 1)
    assert [step for step, _, _ in Rollup(redis, "a").archives] == [600]
    redis.append("metrics.a", stored(fast))
    r.wait_counter("trimmed", 2)
    r.wait_walks()
    rollup, tail = check(redis, "a", slow + fast)
    assert [step for step, _, _ in rollup.archives] == [60, 600] and r.counter("rollups_rebuilt") == 1
    assert 3600 <= now - tail[0][0] < 3600 + 700
    redis.append("metrics.a", stored(line(now, now + 60)))
    r.wait_walks()
    assert r.counter("rollups_rebuilt") == 1


def test_a_metric_lives_as_long_as_its_longest_archive(redis, roomba):
    now = int(time.time())
    put(redis, "silent", stored(line(now - 18000, now - 15000)))
    put(redis, "dead", stored(line(now - 28000, now - 25000)))
    redis.hset("ridgeline:record:dead", "now", b"record")
    r = roomba()
    r.wait_counter("forgotten", 1)
    r.wait_walks()
    assert r.counter("forgotten") == 1
    assert redis.exists("metrics.silent", "rollup.silent") == 2
    assert not redis.exists("metrics.dead", "rollup.dead", "ridgeline:record:dead")


def test_each_metric_is_kept_as_its_rule_says(redis, roomba, series):
    now = int(time.time())
    sent = line(now - 5000, now)
    for name in "a", "short.a", "long.a", "raw.a":
        put(redis, name, stored(sent))
    for name in "silent", "short.silent", "long.silent", "raw.silent":
        put(redis, name, stored(line(now - 4000, now - 3000)))
    r = roomba(rules=RULES)
    r.wait_counter("forgotten", 2)
    r.wait_walks()
    kept = {}
    for name, raw_s, archives in ("a", 360, [10, 60]), ("short.a", 360, [10]), ("long.a", 1800, [60]):
        rollup, tail = check(redis, name, sent)
        assert rollup.raw_s == raw_s and [step for step, _, _ in rollup.archives] == archives
        kept[name] = now - tail[0][0]
        assert kept[name] >= raw_s
        assert series(name)["points"][-1] == [now - 1, float((now - 1) % 1000)]
    assert max(kept["a"], kept["short.a"]) < 500 < 1800 <= kept["long.a"]
    assert series("short.a")["points"][0][0] > series("a")["points"][0][0]
    assert not redis.exists("rollup.raw.a") and points_of(redis, "raw.a") == sent[-601:]
    assert redis.exists("metrics.silent", "metrics.long.silent", "metrics.short.silent", "metrics.raw.silent") == 2
    assert r.counter("errors") == 0


def test_a_changed_rule_changes_its_metrics_alone(redis, roomba):
    now = int(time.time())
    sent = line(now - 5000, now)
    for name in "a", "short.a":
        put(redis, name, stored(sent[:-700]))
    r = roomba(rules=RULES)
    r.wait_counter("trimmed", 2)
    r.set_retention(FROM_RAW, RULES.replace("10s:20m", "1m:12h"))
    for name in "a", "short.a":
        redis.append("metrics." + name, stored(sent[-700:]))
    r.wait_counter("trimmed", 4)
    r.wait_walks()
    assert r.counter("rollups_rebuilt") == 1
    assert [step for step, _, _ in check(redis, "a", sent)[0].archives] == [10, 60]
    rollup = Rollup(redis, "short.a")
    assert [(step, slots) for step, slots, _ in rollup.archives] == [(60, 720)]
    assert points_of(redis, "short.a") == [p for p in sent if p[0] >= rollup.until]


def test_forgetting_takes_the_rollup_along(redis, roomba):
    now = int(time.time())
    put(redis, "a", stored(line(now - 18000, now - 15000)))
    r = roomba()
    r.wait_counter("trimmed", 1)
    assert redis.exists("rollup.a")
    r.set_retention("1s:6m,10s:1h")
    r.wait_counter("forgotten", 1)
    assert not redis.exists("metrics.a", "rollup.a")


def test_another_retention_keeps_what_there_is(redis, roomba):
    now = int(time.time())
    sent = line(now - 7200, now - 400)
    put(redis, "a", stored(sent))
    r = roomba("1s:6m,10s:3h")
    r.wait_counter("trimmed", 1)
    check(redis, "a", sent)
    before = redis.get("rollup.a")
    r.set_retention("1s:1h,1m:6h")
    sent += line(now - 400, now)
    redis.append("metrics.a", stored(sent[-400:]))
    r.wait_walks(3)
    assert redis.get("rollup.a") == before  # until there is something to fold
    r.set_retention("1s:6m,1m:6h,2m:12h")
    r.wait_counter("rollups_rebuilt", 1)
    check(redis, "a", sent, means_since=now - 7200 + 120)

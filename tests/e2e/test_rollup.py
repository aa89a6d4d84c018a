"""Long memory against a real Redis: what roomba folds is what a model that keeps every point says,
however the points came, whoever died, and whatever was sent twice."""
import math
import random
import struct
import threading
import time

import msgpack
import pytest
import requests

from conftest import canonical, free_ports, points_of, wait_for, write_settings
from test_roomba import Monitor, allow, put, script_on

SETTINGS = """
redis = "unix:{sock}";
retention = "{retention}";
horizon: {{ max_age = "100s"; max_future = "0s"; }};
roomba: {{ pass_interval = "1s"; }};
rules = ( {rules} );
"""
RULES = ('{ match = "short.**"; retention = "1s:6m,10s:20m"; }, '
         '{ match = "long.**"; retention = "1s:30m,1m:12h"; }, { match = "raw.*"; retention = "1s:10m"; }')
FROM_RAW, FROM_FINER = "1s:6m,10s:1h,1m:6h", "1s:6m,10s:1h,10m:6h"


class Roomba:
    def __init__(self, redis, daemons, tmp_path, retention=FROM_RAW, rules=""):
        self.redis = redis
        self.path = write_settings(tmp_path / "roomba.conf",
                                   SETTINGS.format(sock=redis.sock, retention=retention, rules=rules))
        self.daemon = daemons("roomba", self.path).wait_ready()

    def counter(self, field):
        return int(self.redis.hget("ridgeline:stats:roomba", field) or 0)

    def wait_counter(self, field, least):
        wait_for(f"{field} >= {least}", lambda: self.counter(field) >= least)

    def wait_walks(self, n=2):
        """Until `n` walks have begun and ended from now on."""
        self.wait_counter("passes", self.counter("passes") + n + 1)

    def restart(self):
        """Killed, whatever it is at, and started again: its counters begin anew."""
        self.daemon.kill()
        self.redis.delete("ridgeline:lease:roomba", "ridgeline:stats:roomba")
        self.daemon.start()

    def set_retention(self, retention, rules=""):
        self.path.write_text(SETTINGS.format(sock=self.redis.sock, retention=retention, rules=rules))
        self.daemon.process.send_signal(1)

    def stop(self):
        assert self.daemon.stop() == 0


@pytest.fixture
def roomba(redis, daemons, tmp_path):
    return lambda retention=FROM_RAW, rules="": Roomba(redis, daemons, tmp_path, retention, rules)


class Rollup:
    """rollup.<name> as any msgpack reader sees it."""

    def __init__(self, redis, name):
        self.raw = redis.get("rollup." + name)
        m = msgpack.unpackb(self.raw)
        self.until, self.step, self.raw_s = m["folded_until"], m["step"], m["raw"]
        rings = iter(m["rings"])
        self.archives = []
        for step, slots, aggregates in m["archives"]:
            read = [struct.unpack(f"<{slots}f", next(rings)) for _ in range(aggregates)]
            self.archives.append((step, slots, read))

    def slots(self, k):
        """{time: (mean,) or (low, mean, high)} of every slot that archive `k` has."""
        step, slots, rings = self.archives[k]
        end = self.until // step * step
        return {t: tuple(ring[t // step % slots] for ring in rings) for t in range(end - slots * step, end, step)}


def model(sent, rollup, k):
    """What archive `k` is to hold, from every point that was ever sent."""
    step, slots, rings = rollup.archives[k]
    written = {t: (v, v, v) for t, v in sent if t < rollup.until}  # the last written wins
    if k > 0 and step > rollup.raw_s:
        alone = len(rollup.archives[k - 1][2]) == 1
        written = {t: (s[1],) * 3 if alone else s for t, s in model(sent, rollup, k - 1).items()}
    inside = {}
    for t, s in written.items():
        inside.setdefault(t // step * step, []).append(s)
    return {t: (min(low for low, _, _ in some), sum(mean for _, mean, _ in some) / len(some),
                max(high for _, _, high in some)) for t, some in inside.items()}


def check(redis, name, sent, means_since=0):
    """Tail and rollup of a metric hold each point that was sent once: nothing is lost, and nothing doubled. With
    `means_since` only means are compared, and from there on: of slots that were made from coarser ones."""
    rollup = Rollup(redis, name)
    tail = points_of(redis, name)
    assert [p for p in tail if p[0] >= rollup.until] == [p for p in sent if p[0] >= rollup.until], name
    for k, (step, _, rings) in enumerate(rollup.archives):
        expected = model(sent, rollup, k)
        for t, got in rollup.slots(k).items():
            if t < means_since:
                continue
            wanted = expected.get(t, (math.nan,) * 3)
            wanted = wanted[1:2] if len(rings) == 1 or means_since else wanted
            got = got[1:2] if len(rings) > 1 and means_since else got
            assert got == pytest.approx(wanted, rel=1e-5, abs=1e-3, nan_ok=True), f"{name}: {step} s at {t}"
    return rollup, tail


def traffic(seed, first, last):
    """Points in the order of their arrival: some late, some twice with another value, some after a silence."""
    rng = random.Random(seed)
    step = rng.choice([1, 1, 3, 7, 30])
    arrivals, t = [], first
    while t < last:
        v = rng.uniform(-1000, 1000)
        arrivals.append((t + (rng.randrange(90) if rng.random() < 0.1 else 0), t, v))
        if rng.random() < 0.02:
            arrivals.append((t + rng.randrange(90), t, v + 1))
        t += step if rng.random() < 0.99 else rng.randrange(1, 90)
        if rng.random() < 3 / 1000:
            t += rng.randrange(600) if rng.random() < 0.9 else rng.randrange(7200)
    arrivals.sort(key=lambda a: a[0])
    return [(t, v) for _, t, v in arrivals]


def send(redis, sent, encode, batches, each=lambda i: None):
    """Appends the points of {name: points}, a part of each at a time."""
    for i in range(batches):
        for name, points in sent.items():
            part = points[len(points) * i // batches:len(points) * (i + 1) // batches]
            if part:
                redis.append("metrics." + name, b"".join(encode(name, *p) for p in part))
        each(i)
        time.sleep(0.05)


def encode(name, t, v):
    foreign = name.startswith("foreign") and t % 3 == 0
    return msgpack.packb((t, v)) if foreign else canonical(t, v)


@pytest.mark.parametrize("retention", [FROM_RAW, FROM_FINER])
def test_holds_what_a_model_of_all_points_holds(redis, roomba, retention):
    now = int(time.time())
    sent = {f"{kind}{seed}": traffic(seed, now - 5 * 3600, now) for seed in range(6) for kind in ("own", "foreign")}
    r = roomba(retention)
    send(redis, sent, encode, 150)
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


def line(first, last, step=1):
    return [(t, float(t % 1000)) for t in range(first, last, step)]


def stored(points):
    return b"".join(canonical(*p) for p in points)


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
            time.sleep(0.005)

    writer = threading.Thread(target=append)
    writer.start()
    writer.join()
    r.wait_walks()
    check(redis, "a", sent)
    assert r.counter("folded") > 2


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


def test_a_key_of_more_than_a_million_points_is_folded_in_parts(redis, roomba):
    now = int(time.time())
    sent = line(now - 1_100_000, now)
    put(redis, "long", stored(sent))
    r = roomba()
    r.wait_counter("trimmed", 2)
    check(redis, "long", sent[-30000:])
    assert len(points_of(redis, "long")) < 500
    assert r.counter("points_cut") + len(points_of(redis, "long")) == len(sent)


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


@pytest.fixture
def series(redis, daemons, tmp_path):
    """series(metric, **range): what /api/series of a webapp beside the roomba says."""
    port = free_ports(1)[0]
    settings = write_settings(tmp_path / "webapp.conf", SETTINGS.format(sock=redis.sock, retention=FROM_RAW, rules=RULES) +
                              f'webapp: {{ listen = "127.0.0.1:{port}"; }};')
    daemons("webapp", settings).wait_ready()

    def ask(name, **range_):
        r = requests.get(f"http://127.0.0.1:{port}/api/series", params={"metric": name, **range_}, timeout=30)
        assert r.status_code == 200, r.text
        return r.json()

    return ask


def one_series(sent, rollup):
    """Finest first: what each archive still has and no finer one does, up to a whole slot of the next coarser."""
    points, envelope, steps, until = [], [], [], rollup.until
    for k, (step, slots, rings) in enumerate(rollup.archives):
        begin = rollup.until // step * step - slots * step
        if k + 1 < len(rollup.archives):
            coarser = rollup.archives[k + 1][0]
            begin = -(-begin // coarser) * coarser
        kept = {t: s for t, s in sorted(model(sent, rollup, k).items()) if begin <= t < until}
        points = [[t, s[1]] for t, s in kept.items()] + points
        if len(rings) == 3:
            envelope = [[t, s[0], s[2]] for t, s in kept.items()] + envelope
        steps = [step] * bool(kept) + steps
        until = begin
    raw = {t: v for t, v in sent if t >= rollup.until}
    return points + sorted([t, v] for t, v in raw.items()), envelope, steps


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_readers_see_one_series_across_archives(redis, roomba, series, seed):
    now = int(time.time())
    sent = traffic(seed, now - 5 * 3600, now)
    r = roomba()
    send(redis, {"a": sent}, encode, 60)
    r.wait_counter("trimmed", 1)
    r.stop()
    points, envelope, steps = one_series(sent, Rollup(redis, "a"))
    got = series("a")

    def same(some, wanted):
        assert [row[0] for row in some] == [row[0] for row in wanted]
        for row, other in zip(some, wanted):
            assert row == pytest.approx(other, rel=1e-5, abs=1e-3)

    same(got["points"], points)
    same(got["envelope"], envelope)
    assert len(steps) > 1
    assert [s["step"] for s in got["stretches"]] == steps + [got["step"]]
    times = [t for t, _ in points]
    for stretch, next_one in zip(got["stretches"], got["stretches"][1:] + [{"from": 2**32}]):
        inside = [t for t in times if stretch["from"] <= t < next_one["from"]]
        assert (inside[0], inside[-1]) == (stretch["from"], stretch["until"])
    first, last = times[len(times) // 5], times[-5]
    part = series("a", **{"from": first, "until": last})
    same(part["points"], [p for p in points if first <= p[0] <= last])
    same(part["envelope"], [e for e in envelope if first <= e[0] <= last])


def test_raw_points_that_are_folded_but_not_yet_trimmed_are_shown_once(redis, roomba, series):
    now = int(time.time())
    sent = line(now - 3000, now)
    put(redis, "a", stored(sent))
    r = roomba()
    r.wait_counter("trimmed", 1)
    r.stop()
    before = series("a")
    redis.set("metrics.a", stored(sent))
    assert series("a")["points"] == before["points"]


def test_a_rollup_that_cannot_be_read_leaves_the_raw_points_to_be_seen(redis, series):
    now = int(time.time())
    put(redis, "junk", stored(line(now - 100, now)))
    put(redis, "list", stored(line(now - 100, now)))
    redis.set("rollup.junk", b"junk")
    redis.rpush("rollup.list", "a")
    for name in ("junk", "list"):
        answer = series(name)
        assert len(answer["points"]) == 100 and answer["envelope"] == []

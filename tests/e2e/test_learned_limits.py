"""Metrics without a limit that ran into one before: what the alerter learns of histories that were imported, what it
tells, and what others are told who ask."""
import json
import random
import subprocess
import time

from conftest import BUILD, canonical, wait_for, write_settings
from importing import run_import, write_csv
from incidents import alerters, heads, wait_heads  # noqa: F401 (fixtures)
from senders import Proxy
from test_outlook import again, line
from webapp import start  # noqa: F401 (fixture)

DAY_S, HOUR_S = 86400, 3600
FULL_AT = (13.3, 11.1, 8.6)  # days ago
RULES = 'rules = ({ match = "pool.*"; unit = "connections"; }, { match = "**.share"; unit = "%"; });'


def history(value):
    """Two weeks of points each minute: value(days ago)."""
    now = int(time.time()) // 60 * 60
    return [(now - ago, round(value(ago / DAY_S), 3)) for ago in range(14 * DAY_S - 600, -1, -60)]


def pool():
    """All 200 connections were taken three times in the first week, for five hours after a climb of four; through the
    second ever more are, and now 170 are."""
    source = random.Random(1)

    def taken(ago):
        demand = 40 if ago > 7 else 40 + 130 * (7 - ago) / 7
        for full in FULL_AT:
            hours = (full - ago) * 24
            if -4 < hours < 5:
                demand = max(demand, 40 + 180 * (hours + 4) / 4)
        return round(min(demand + source.uniform(-2, 2), 200))
    return history(taken)


def log():
    """It is rotated at 10 GB, some 40 hours apart, and now a third of that is written."""
    source, size, pace, found = random.Random(2), 0, 1e10 / 2400, []
    for _, _ in history(lambda ago: 0):
        size += pace * source.uniform(0.5, 1.5)
        if size >= 1e10:
            size, pace = 0, 1e10 / source.uniform(2000, 2800)
        found.append(size)
    return [(t, v) for (t, _), v in zip(history(lambda ago: 0), found)]


def noise():
    source = random.Random(3)
    return history(lambda ago: source.gauss(50, 5))


def load(redis, tmp_path, **histories):
    """Imports them, without their anomalies: those are no matter here."""
    settings = write_settings(tmp_path / "import.conf", RULES)
    for name, points in histories.items():
        write_csv(tmp_path / "csv" / (name.replace("_", "/") + ".csv"), points)
    run_import("--settings", settings, "--redis", f"unix:{redis.sock}", tmp_path / "csv")
    for slot in range(64):
        redis.delete(f"ridgeline:open:{slot}", f"ridgeline:events:{slot}")


def kept(redis):
    return {name.decode(): json.loads(text) for name, text in redis.hgetall("ridgeline:limits").items()}


def test_what_ran_into_a_limit_before_is_told_before_it_does_again(redis, alerters, start, tmp_path):  # noqa: F811
    load(redis, tmp_path, pool_db=pool(), log_bytes=log(), noise=noise())
    alerter = alerters(more=RULES)
    (head,) = wait_heads(redis, 1)
    first = head["first"]
    assert (first["metric"], first["what"], first["direction"]) == ("pool.db", "FORECAST", "up")
    limit = "its learned limit 200 connections (reached 3 times since "
    assert first["note"].startswith(f"reaches {limit}") and "at this pace (earliest 1d" in first["note"]
    wait_for("the end of the pass", lambda: alerter.counter("limits") == 2)
    assert alerter.counter("limit_looks") == 3
    known = kept(redis)
    assert (known["pool.db"]["kind"], known["pool.db"]["limit"], known["pool.db"]["times"]) == ("stood", 200, 3)
    assert abs(known["pool.db"]["since"] - (time.time() - FULL_AT[0] * DAY_S)) < 2 * HOUR_S
    assert known["log.bytes"]["kind"] == "turned" and 9.9e9 < known["log.bytes"]["limit"] <= 1e10

    web = start(more=RULES)
    forecast = web.json("/api/verdict", metric="pool.db")["forecast"]
    assert (forecast["limit"], forecast["limit_by"], forecast["unit"]) == (200, "stood", "connections")
    assert limit in forecast["note"]
    about = web.json("/api/series", metric="pool.db")["about"]
    assert (about["limit"], about["limit_by"], about["limit_times"]) == (200, "stood", 3)
    assert about["limit_since"] == known["pool.db"]["since"]
    assert "its learned limit 1e+10 (reached " in web.json("/api/verdict", metric="log.bytes")["forecast"]["note"]
    assert web.json("/api/verdict", metric="noise")["forecast"] is None
    settings = write_settings(tmp_path / "explain.conf", f'redis = "unix:{redis.sock}"; {RULES}')
    told = subprocess.run([BUILD / "ridgeline", "explain", "--settings", settings, "pool.db"], capture_output=True,
                          text=True).stdout
    assert f"Forecast: it reaches {limit}" in told and " connections a day." in told


def test_a_limit_that_shall_not_be_learned_is_forgotten(redis, alerters, start, tmp_path):  # noqa: F811
    load(redis, tmp_path, pool_db=pool())
    alerter = alerters(more=RULES)
    wait_heads(redis, 1)
    web = start(more=RULES)
    web.save("pool.*", {"learn_limit": "no"})
    assert web.json("/api/verdict", metric="pool.db")["forecast"] is None
    assert web.json("/api/series", metric="pool.db")["about"]["limit_by"] is None
    wait_for("the end of the pass", lambda: alerter.counter("limits") == 1)
    again(redis, alerter)
    wait_heads(redis, 1, "closed")
    wait_for("no limit", lambda: kept(redis) == {})
    web.remove("pool.*")
    again(redis, alerter)
    wait_for("a pass", lambda: alerter.counter("loads") == 1)
    assert kept(redis) == {} and alerter.counter("limit_looks") == 0, "it is looked at once a day"


def test_a_given_limit_wins(redis, alerters, tmp_path):
    load(redis, tmp_path, pool_db=pool())
    alerter = alerters(more='rules = ({ match = "pool.*"; limit = 250; });')
    wait_for("a pass", lambda: redis.hexists("ridgeline:alerter", "limits"))
    assert kept(redis) == {} and alerter.counter("limit_looks") == 0 and heads(redis) == []


def test_what_is_in_percent_reaches_a_hundred(redis, alerters):
    line(redis, "disk.share", 80, 10)
    line(redis, "disk.used", 80, 10)                      # of no known unit
    line(redis, "requests.good.share", 99.8, 0.5, noise=0)  # where it is at home
    line(redis, "cores.busy.share", 95, -20)              # was beyond
    redis.lpush("metrics.odd.share", "no points")         # what it is does not end the walk
    redis.sadd("metrics.unique_metrics", "metrics.odd.share")
    alerter = alerters(more=RULES)
    (head,) = wait_heads(redis, 1)
    assert head["first"]["metric"] == "disk.share" and head["first"]["note"].startswith("reaches 100 % in ")
    wait_for("the end of the pass", lambda: alerter.counter("limits") == 1)
    assert kept(redis) == {"disk.share": {"kind": "unit", "limit": 100, "floor": False, "times": 0, "since": 0}}
    assert alerter.counter("redis_errors") == 0 and alerter.counter("loads") == 1


def test_a_limit_that_was_passed_is_none(redis, alerters, tmp_path):
    load(redis, tmp_path, pool_db=pool())
    alerter = alerters(more=RULES)
    wait_heads(redis, 1)
    wait_for("the end of the pass", lambda: alerter.counter("limits") == 1)
    now = int(time.time()) // 60 * 60
    redis.append("metrics.pool.db", b"".join(canonical(now - ago, 240) for ago in range(540, -1, -60)))
    again(redis, alerter)
    wait_heads(redis, 1, "closed")
    wait_for("no limit", lambda: kept(redis) == {})


class CountingProxy(Proxy):
    """How many times a client sent something with `marker` in it."""

    def __init__(self, path, redis_sock, marker):
        super().__init__(path, redis_sock)
        self.marker, self.sent = marker, 0

    def before(self, data):
        self.sent += self.marker in data


def test_many_limits_are_forgotten_in_few_round_trips(redis, alerters, tmp_path):
    text = json.dumps({"kind": "unit", "limit": 100, "floor": False, "times": 0, "since": 0})
    redis.hset("ridgeline:limits", mapping={f"gone.{i:04}.share": text for i in range(2000)})
    with CountingProxy(tmp_path / "proxy.sock", redis.sock, b"ridgeline:limits") as proxy:
        redis.sock = proxy.sock
        alerter = alerters()
        wait_for("the end of the pass", lambda: redis.hexists("ridgeline:alerter", "limits"))
        assert kept(redis) == {} and proxy.sent < 100
        wait_for("its counters", lambda: alerter.counter("forecasts") == alerter.counter("limits") == 0)
        assert alerter.counter("redis_errors") == 0

"""A metric that heads for its limit: the real alerter looks at what stands in a real Redis."""
import json
import random
import subprocess
import time

from conftest import BUILD, canonical, wait_for, write_settings
from incidents import alerters, events, heads, wait_heads  # noqa: F401 (fixtures)
from webapp import start  # noqa: F401 (fixture)

DAY_S = 86400
RULES = ('rules = ({ match = "disk.*.used"; limit = 100; unit = "%"; },'
         ' { match = "disk.slow.used"; warn_before = "30d"; }, { match = "disk.free"; limit = 0; });')


def line(redis, name, level, a_day, span_s=DAY_S, noise=0.2):
    """A day of points that end now at `level`, rising by `a_day`."""
    now, source = int(time.time()) // 60 * 60, random.Random(name)
    redis.append("metrics." + name, b"".join(
        canonical(now - ago, level - a_day * ago / DAY_S + source.uniform(-noise, noise))
        for ago in range(span_s, -1, -60)))
    redis.sadd("metrics.unique_metrics", "metrics." + name)


def test_a_disk_that_fills_is_told_before_it_is_full(redis, alerters):
    line(redis, "disk.db1.used", 80, 10)   # two days left
    line(redis, "disk.db2.used", 50, 2)    # twenty-five
    line(redis, "disk.slow.used", 50, 2)   # the same, of which one wants to hear a month before
    line(redis, "disk.db3.used", 80, -10)
    line(redis, "disk.db4.used", 80, 0)
    line(redis, "disk.free", 10, -10)      # a day left
    line(redis, "memory.used", 80, 10)     # no limit
    alerters(more=RULES)
    wait_heads(redis, 2)
    told = {h["first"]["metric"]: h for h in heads(redis)}
    filling, free = told["disk.db1.used"], told["disk.free"]
    assert {m["metric"] for m in filling["strongest"]} == {"disk.db1.used", "disk.slow.used"}
    first = filling["first"]
    assert first["what"] == "FORECAST" and first["direction"] == "up" and 50 < first["score"] < 100
    assert first["note"].startswith(("reaches 100 % in 2d", "reaches 100 % in 1d2"))
    assert "at this pace (earliest 1d" in first["note"]
    assert abs(first["value"] - 80) < 1 and first["expected"] is None
    assert free["direction"] == "down" and free["first"]["note"].startswith("reaches 0 in ")
    saved = json.loads(redis.hget("ridgeline:outlook", "disk.db1.used"))
    assert saved["limit"] == 100 and abs(saved["level"] - 80) < 1 and abs(saved["slope_a_day"] - 10) < 1
    assert saved["soonest_s"] <= saved["reach_s"] < 3 * DAY_S


def test_a_forecast_is_told_once_over_a_killed_alerter_and_ends_with_its_metric(redis, alerters):
    line(redis, "disk.db1.used", 95, 10)
    alerter = alerters(more=RULES)
    (head,) = wait_heads(redis, 1)
    alerter.daemon.kill()
    redis.delete("ridgeline:lease:alerter")
    alerter.daemon.start()
    wait_for("another look", lambda: alerter.counter("forecasts") >= 1 and alerter.counter("loads") >= 1)
    assert [h["id"] for h in heads(redis)] == [head["id"]]
    alerter.daemon.kill()
    redis.delete("ridgeline:lease:alerter", "metrics.disk.db1.used")
    redis.srem("metrics.unique_metrics", "metrics.disk.db1.used")
    alerter.daemon.start()
    wait_heads(redis, 1, "closed")
    assert [kind for kind, _ in events(redis) if kind != "update"] == ["open", "close"]
    assert redis.hlen("ridgeline:outlook") == 0


def again(redis, alerter):
    """Another look, with another start: the next pass would come in ten minutes."""
    alerter.daemon.kill()
    redis.delete("ridgeline:lease:alerter")
    alerter.daemon.start()


def test_what_is_full_is_not_told_as_over(redis, alerters):
    line(redis, "disk.db1.used", 99.5, 10)
    alerter = alerters(more=RULES)
    wait_heads(redis, 1)
    redis.delete("metrics.disk.db1.used")
    line(redis, "disk.db1.used", 100, 0, noise=0)  # it came there, and all that is kept is flat
    again(redis, alerter)
    wait_for("the limit", lambda: [h["first"]["note"] for h in heads(redis)] == ["is at 100 %"])
    assert heads(redis)[0]["score"] == 100 and heads(redis)[0]["direction"] == "up"
    redis.delete("metrics.disk.db1.used")
    line(redis, "disk.db1.used", 60, 0)  # somebody tidied up
    again(redis, alerter)
    wait_heads(redis, 1, "closed")
    assert [kind for kind, _ in events(redis) if kind != "update"] == ["open", "close"]


def test_no_name_and_no_unit_ends_the_walk(redis, alerters):
    """JSON takes neither bytes that are no UTF-8 nor a unit that is cut within a character."""
    now = int(time.time()) // 60 * 60
    name = b"metrics.disk.\xff.used"
    redis.append(name, b"".join(canonical(now - ago, 95 - 10 * ago / DAY_S) for ago in range(DAY_S, -1, -60)))
    redis.sadd("metrics.unique_metrics", name)
    line(redis, "disk.db1.used", 95, 10)
    alerter = alerters(more='rules = ({ match = "disk.**"; limit = 100; unit = "x€€€€€€€"; });')
    (head,) = wait_heads(redis, 1)
    assert head["first"]["note"].startswith("reaches 100 x€€€€€... in ")
    wait_for("the end of the pass", lambda: alerter.counter("outlooks") == 1)
    assert alerter.counter("redis_errors") == 0


def test_any_metric_with_a_limit_is_asked_when_it_will_be_there(redis, start, tmp_path):  # noqa: F811
    line(redis, "disk.db1.used", 80, 10)
    line(redis, "disk.db2.used", 50, 2)   # long after warn_before
    line(redis, "disk.db3.used", 80, -10)
    line(redis, "disk.db4.used", 99.5, 0, noise=0)
    line(redis, "disk.db5.used", 80, 10, span_s=3600)
    line(redis, "memory.used", 80, 10)    # no limit
    web = start(more=RULES)
    settings = write_settings(tmp_path / "explain.conf", f'redis = "unix:{redis.sock}"; {RULES}')

    def asked(name, *arguments, **more):
        run = subprocess.run([BUILD / "ridgeline", "explain", "--settings", settings, *arguments, name],
                             capture_output=True, text=True)
        assert run.returncode == 0, run.stderr
        return web.json("/api/verdict", metric=name, **more)["forecast"], run.stdout

    db1, text = asked("disk.db1.used")
    assert db1["limit"] == 100 and abs(db1["value"] - 80) < 1 and abs(db1["slope_a_day"] - 10) < 1 and db1["heading"]
    assert abs(db1["reach_s"] - 2 * DAY_S) < DAY_S / 5 and db1["soonest_s"] < db1["reach_s"]
    assert db1["note"].startswith(("reaches 100 % in 2d", "reaches 100 % in 1d2")) and "(earliest 1d" in db1["note"]
    assert "Forecast: it reaches 100 % in " in text and "a day." in text
    noon = int(time.time()) - DAY_S // 2
    before, text = asked("disk.db1.used", "--at", str(noon), at=noon)
    assert abs(before["value"] - 75) < 1 and abs(before["reach_s"] - 2.5 * DAY_S) < DAY_S / 3, "as it looked then"
    assert "now at 75" in text or "now at 74.9" in text
    assert asked("disk.db2.used")[0]["reach_s"] > 20 * DAY_S
    away, text = asked("disk.db3.used")
    assert (away["heading"], away["reach_s"], away["note"]) == (False, None, "is not heading for 100 %")
    assert asked("disk.db4.used")[0]["note"] == "is at 100 %"
    young, text = asked("disk.db5.used")
    assert young is None and "too little to say when it reaches its limit" in text
    none, text = asked("memory.used")
    assert none is None and "orecast" not in text and "limit." not in text

"""What no score tells: a metric that froze, one that fell to nothing, gaps, counters, and metrics whose points come by
chance. The real analyzer on a real Redis, with a day of history written as horizon writes it."""
import os
import random
import signal
import subprocess
import time

import pytest
from analyzers import children, events, kinds, open_anomalies, total
from conftest import BUILD, canonical, wait_for, write_settings
from webapp import start  # noqa: F401 (fixture)

STEP_S = 60
HISTORY = 1600  # points: more than a day


def now():
    """The step that is now. Each test takes it once: of a whole run's beginning all would be stale at its end."""
    return int(time.time()) // STEP_S * STEP_S


@pytest.fixture
def settings(redis, tmp_path):
    return write_settings(tmp_path / "settings.conf", f'redis = "unix:{redis.sock}";\nretention = "60s:3d";\n'
                          'rules = ({ match = "quiet.**"; flat = "no"; dropout = "no"; },\n'
                          '         { match = "short.**"; min_duration = "30m"; },\n'
                          '         { match = "app.dead"; close_after = "1m"; },\n'
                          '         { match = "told.**"; gap = "yes"; reset = "yes"; });\n')


def write(client, name, values, end, step_s=STEP_S):
    """Points, the last at `end`."""
    first = end - step_s * (len(values) - 1)
    client.append("metrics." + name, b"".join(canonical(first + step_s * i, v) for i, v in enumerate(values)))
    client.sadd("metrics.unique_metrics", "metrics." + name)
    return first


def noise(name, n=HISTORY, level=100.0):
    """Of bounds, so that none of it is news whenever it comes: of Gaussian noise one point in a day may be."""
    source = random.Random(name)
    return [level + source.uniform(-1.7, 1.7) for _ in range(n)]


def explain(settings, name, *arguments):
    return subprocess.run([BUILD / "ridgeline", "explain", "--settings", settings, *arguments, name],
                          capture_output=True, text=True, check=True).stdout


def kill_and_lose(client, daemon):
    """Kills an analyzer and its workers, and loses what they saved and counted."""
    pids = children(daemon)
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    daemon.kill()
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    for pattern in ("ridgeline:record:*", "ridgeline:stats:*"):
        for key in client.scan_iter(pattern):
            client.delete(key)


def test_what_froze_and_what_fell_to_nothing_is_told_unless_rules_say_no(redis, settings, daemons):
    end, series = now(), {}
    for prefix in ("app", "quiet"):
        series[prefix + ".frozen"] = noise(prefix + ".frozen") + [100.0] * 45
        series[prefix + ".dead"] = noise(prefix + ".dead") + [0.0] * 5
    for name, values in series.items():
        write(redis, name, values, end)
    daemons("analyzer", settings).wait_ready()
    wait_for("all points judged", lambda: total(redis, "judged") == sum(map(len, series.values())))
    wait_for("the openings", lambda: {"app.frozen", "app.dead"} <= {a["metric"] for a in open_anomalies(redis)})
    told = {a["metric"]: a for a in open_anomalies(redis)}
    frozen, dead = told["app.frozen"], told["app.dead"]
    assert frozen["opened"]["state"] == "FLAT" and frozen["start"] == end - 44 * STEP_S
    assert frozen["opened"]["since"] == frozen["start"]
    assert dead["direction"] == "down" and dead["start"] == end - 4 * STEP_S
    assert "quiet.frozen" not in told
    assert "state     FLAT for 44m, never longer than" in explain(settings, "app.frozen")
    assert "state     DROPOUT for 4m" in explain(settings, "app.dead")
    assert "it closes 3m after its last" in explain(settings, "app.dead")  # three points are more than close_after
    assert "DROPOUT" not in explain(settings, "quiet.dead")


@pytest.mark.parametrize("killed", [False, True])
def test_a_frozen_metric_that_was_silent_for_hours_is_told_as_another_anomaly(redis, settings, daemons, killed):
    end, values = now(), noise("app.frozen", 90000 // 2) + [100.0] * 1000
    write(redis, "app.frozen", values, end - 7200, step_s=2)
    d = daemons("analyzer", settings).wait_ready()
    wait_for("its end in silence", lambda: kinds(redis, "app.frozen") == ["open", "close"])
    if killed:  # before it has saved a record
        d.kill()
        d.start()
        wait_for("all points judged", lambda: total(redis, "judged") == len(values))
    write(redis, "app.frozen", [100.0] * 5, end, step_s=2)
    again = wait_for("the opening", lambda: open_anomalies(redis))[0]
    assert kinds(redis, "app.frozen") == ["open", "close", "open"]
    told = events(redis, "app.frozen")
    assert again["id"] != told[0][1]["id"] and again["start"] == end - 4 * 2
    assert again["opened"]["since"] == told[0][1]["start"]


def test_a_counter_is_judged_by_its_rate_and_its_resets_are_no_news(redis, settings, daemons):
    source, count, values = random.Random(1), 1e9, []
    for i in range(HISTORY):
        count = 10.0 if i % 400 == 399 else count + source.randint(5000, 7000)
        values.append(count)
    faulty = values + [values[-1] + 60000.0 * i for i in range(1, 4)]
    write(redis, "if.eth0.rx", values, now())
    write(redis, "if.eth1.rx", faulty, now())
    daemons("analyzer", settings).wait_ready()
    wait_for("the opening", lambda: open_anomalies(redis))
    wait_for("all points judged", lambda: total(redis, "judged") == len(values) + len(faulty))
    assert kinds(redis, "if.eth0.rx") == []
    (a,) = open_anomalies(redis)
    assert a["metric"] == "if.eth1.rx" and a["direction"] == "up"
    assert 900 < a["peak"]["rate"] < 1100
    assert "a second: a counter is judged by its rate" in explain(settings, "if.eth1.rx")


def test_a_counter_that_began_anew_is_one_anomaly_where_a_rule_asks_for_it(redis, settings, daemons):
    source, count, values = random.Random(2), 1e9, []
    resets = (HISTORY - 500, HISTORY - 10, HISTORY - 5)  # the last two are one: it died again
    for i in range(HISTORY):
        count = 10.0 if i in resets else count + source.randint(5000, 7000)
        values.append(count)
    end = now()
    first = {name: write(redis, name, values, end) for name in ("told.requests", "app.requests")}["told.requests"]
    daemons("analyzer", settings).wait_ready()
    wait_for("all points judged", lambda: total(redis, "judged") == 2 * len(values))
    wait_for("the openings", lambda: kinds(redis, "told.requests") == ["open", "close", "open"])
    told = [a for kind, a in events(redis, "told.requests") if kind == "open"]
    assert [(a["start"] - first) // STEP_S for a in told] == list(resets[:2])
    assert all(a["opened"]["state"] == "RESET" and a["score"] == 50 and a["direction"] == "unknown" for a in told)
    assert kinds(redis, "app.requests") == []
    at = str(first + resets[0] * STEP_S)
    assert "state     RESET" in explain(settings, "told.requests", "--at", at)
    assert "state     NORMAL" in explain(settings, "app.requests", "--at", at)


@pytest.mark.parametrize("lost", [False, True])
def test_a_gap_is_one_anomaly_where_a_rule_asks_for_it(redis, settings, daemons, lost):
    end = now()
    for name in ("told.load", "app.load"):
        write(redis, name, noise(name), end - 25 * STEP_S)
        write(redis, name, noise(name, 5), end)
    d = daemons("analyzer", settings).wait_ready()
    (a,) = wait_for("the gap", lambda: open_anomalies(redis))
    if lost:  # the next worker finds it again
        kill_and_lose(redis, d)
        d.start()
    wait_for("all points judged", lambda: total(redis, "judged") == 2 * (HISTORY + 5))
    assert a["metric"] == "told.load" and a["opened"]["state"] == "GAP" and a["start"] == end - 24 * STEP_S
    assert a["opened"]["longest_s"] == 300 and a["opened"]["t"] == end - 4 * STEP_S
    assert a["score"] == pytest.approx(80 - 60 * 300 / (21 * STEP_S))
    assert kinds(redis, "told.load") == ["open"] and kinds(redis, "app.load") == []
    said = explain(settings, "told.load", "--at", str(end - 4 * STEP_S))
    assert "state     GAP for 20m, longer than its habit of 5m" in said


def by_chance(name, seconds=2 * 86400, mean_s=600):
    """[(t, value)], the last now: points of a metric that has one each `mean_s` on average."""
    source, t, points = random.Random(name), int(time.time()) - seconds, []
    while t < time.time():
        points.append((t, 100 + source.gauss(0, 10)))
        t += max(1, round(source.expovariate(1 / mean_s)))
    return points


def test_ordinary_silences_of_sparse_metrics_are_no_news(redis, settings, daemons, start):  # noqa: F811
    names = [f"told.orders{i}" for i in range(100)]
    points = {name: by_chance(name) for name in names}
    for name in names:
        redis.append("metrics." + name, b"".join(canonical(*p) for p in points[name]))
        redis.sadd("metrics.unique_metrics", "metrics." + name)
    daemons("analyzer", settings).wait_ready()
    wait_for("all points judged", lambda: total(redis, "judged") == sum(map(len, points.values())))
    wait_for("all caught up", lambda: total(redis, "caught_up") == len(names))
    told = [a["opened"]["state"] for _, a in events(redis)]
    assert not {"STALE", "GAP"} & set(told), told
    assert total(redis, "stale") == 0 and total(redis, "warming_up") < len(names) / 10
    answer = start().json("/api/verdict", metric=names[0])
    assert answer["sparse"] is True and answer["stale_after_s"] >= 10 * answer["resolution"]
    assert "It is sparse: its points come by chance, about one each " in answer["why"]
    assert "  sparse    its points come by chance, about one each " in explain(settings, names[0])


def test_backtest_finds_no_gap_in_sparse_metrics_and_those_of_regular_ones(tmp_path):
    begin, series = now(), {f"orders{i}": by_chance(f"told.orders{i}", 14 * 86400) for i in range(20)}
    series["load"] = [(begin + STEP_S * (i + 60 * (i >= 1000)), v) for i, v in enumerate(noise("load"))]
    for name, points in series.items():
        (tmp_path / f"{name}.csv").write_text("timestamp,value\n" + "".join(f"{t},{v}\n" for t, v in points))
    run = [BUILD / "ridgeline", "backtest", "--anomalies", tmp_path / "found.txt", "--set", "gap=yes", tmp_path]
    subprocess.run(run, capture_output=True, check=True)
    rows = [line.split(",") for line in (tmp_path / "found.txt").read_text().splitlines()]
    gaps = [row[:3] for row in rows if row[4] == "GAP"]
    assert gaps == [["load", str(begin + STEP_S * 1000), str(begin + STEP_S * 1060)]]


def test_what_does_not_last_min_duration_opens_nothing(redis, settings, daemons):
    end, brief, lasting = now(), noise("brief"), noise("lasting")
    brief[-120:-110] = [160.0] * 10
    lasting[-120:-80] = [160.0 + i for i in range(40)]
    for prefix in ("app", "short"):
        write(redis, prefix + ".brief", brief, end)
        write(redis, prefix + ".lasting", lasting, end)
    daemons("analyzer", settings).wait_ready()
    wait_for("all points judged", lambda: total(redis, "judged") == 4 * HISTORY)
    wait_for("three anomalies", lambda: len([k for k, _ in events(redis) if k == "open"]) >= 3)
    assert {a["metric"] for _, a in events(redis)} == {"app.brief", "app.lasting", "short.lasting"}

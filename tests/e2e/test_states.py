"""What no score tells: a metric that froze, one that fell to nothing, and counters. The real analyzer on a
real Redis, with a day of history written as horizon writes it."""
import random
import subprocess
import time

import pytest
from analyzers import events, kinds, open_anomalies, total
from conftest import BUILD, canonical, wait_for, write_settings

STEP_S = 60
HISTORY = 1600  # points: more than a day
NOW = int(time.time()) // STEP_S * STEP_S


@pytest.fixture
def settings(redis, tmp_path):
    return write_settings(tmp_path / "settings.conf", f'redis = "unix:{redis.sock}";\nretention = "60s:3d";\n'
                          'rules = ({ match = "quiet.**"; flat = "no"; dropout = "no"; },\n'
                          '         { match = "short.**"; min_duration = "30m"; },\n'
                          '         { match = "app.dead"; close_after = "1m"; });\n')


def write(client, name, values, end=NOW, step_s=STEP_S):
    """Points, the last at `end`."""
    first = end - step_s * (len(values) - 1)
    client.append("metrics." + name, b"".join(canonical(first + step_s * i, v) for i, v in enumerate(values)))
    client.sadd("metrics.unique_metrics", "metrics." + name)
    return first


def noise(name, n=HISTORY, level=100.0):
    source = random.Random(name)
    return [level + source.gauss(0, 1) for _ in range(n)]


def explain(settings, name):
    return subprocess.run([BUILD / "ridgeline", "explain", "--settings", settings, name], capture_output=True,
                          text=True, check=True).stdout


def test_what_froze_and_what_fell_to_nothing_is_told_unless_rules_say_no(redis, settings, daemons):
    series = {}
    for prefix in ("app", "quiet"):
        series[prefix + ".frozen"] = noise(prefix + ".frozen") + [100.0] * 45
        series[prefix + ".dead"] = noise(prefix + ".dead") + [0.0] * 5
    for name, values in series.items():
        write(redis, name, values)
    daemons("analyzer", settings).wait_ready()
    wait_for("all points judged", lambda: total(redis, "judged") == sum(map(len, series.values())))
    wait_for("the openings", lambda: {"app.frozen", "app.dead"} <= {a["metric"] for a in open_anomalies(redis)})
    told = {a["metric"]: a for a in open_anomalies(redis)}
    frozen, dead = told["app.frozen"], told["app.dead"]
    assert frozen["opened"]["state"] == "FLAT" and frozen["start"] == NOW - 44 * STEP_S
    assert frozen["opened"]["since"] == frozen["start"]
    assert dead["direction"] == "down" and dead["start"] == NOW - 4 * STEP_S
    assert "quiet.frozen" not in told
    assert "state     FLAT for 44m, never longer than" in explain(settings, "app.frozen")
    assert "state     DROPOUT for 4m" in explain(settings, "app.dead")
    assert "it closes 3m after its last" in explain(settings, "app.dead")  # three points are more than close_after
    assert "DROPOUT" not in explain(settings, "quiet.dead")


@pytest.mark.parametrize("killed", [False, True])
def test_a_frozen_metric_that_was_silent_for_hours_is_told_as_another_anomaly(redis, settings, daemons, killed):
    values = noise("app.frozen", 90000 // 2) + [100.0] * 1000
    write(redis, "app.frozen", values, NOW - 7200, step_s=2)
    d = daemons("analyzer", settings).wait_ready()
    wait_for("its end in silence", lambda: kinds(redis, "app.frozen") == ["open", "close"])
    if killed:  # before it has saved a record
        d.kill()
        d.start()
        wait_for("all points judged", lambda: total(redis, "judged") == len(values))
    write(redis, "app.frozen", [100.0] * 5, step_s=2)
    again = wait_for("the opening", lambda: open_anomalies(redis))[0]
    assert kinds(redis, "app.frozen") == ["open", "close", "open"]
    told = events(redis, "app.frozen")
    assert again["id"] != told[0][1]["id"] and again["start"] == NOW - 4 * 2
    assert again["opened"]["since"] == told[0][1]["start"]


def test_a_counter_is_judged_by_its_rate_and_its_resets_are_no_news(redis, settings, daemons):
    source, count, values = random.Random(1), 1e9, []
    for i in range(HISTORY):
        count = 10.0 if i % 400 == 399 else count + source.randint(5000, 7000)
        values.append(count)
    faulty = values + [values[-1] + 60000.0 * i for i in range(1, 4)]
    write(redis, "if.eth0.rx", values)
    write(redis, "if.eth1.rx", faulty)
    daemons("analyzer", settings).wait_ready()
    wait_for("the opening", lambda: open_anomalies(redis))
    wait_for("all points judged", lambda: total(redis, "judged") == len(values) + len(faulty))
    assert kinds(redis, "if.eth0.rx") == []
    (a,) = open_anomalies(redis)
    assert a["metric"] == "if.eth1.rx" and a["direction"] == "up"
    assert 900 < a["peak"]["rate"] < 1100
    assert "a second: a counter is judged by its rate" in explain(settings, "if.eth1.rx")


def test_what_does_not_last_min_duration_opens_nothing(redis, settings, daemons):
    brief, lasting = noise("brief"), noise("lasting")
    brief[-120:-110] = [160.0] * 10
    lasting[-120:-80] = [160.0 + i for i in range(40)]
    for prefix in ("app", "short"):
        write(redis, prefix + ".brief", brief)
        write(redis, prefix + ".lasting", lasting)
    daemons("analyzer", settings).wait_ready()
    wait_for("all points judged", lambda: total(redis, "judged") == 4 * HISTORY)
    wait_for("three anomalies", lambda: len([k for k, _ in events(redis) if k == "open"]) >= 3)
    assert {a["metric"] for _, a in events(redis)} == {"app.brief", "app.lasting", "short.lasting"}

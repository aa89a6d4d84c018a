"""Skyline's nine algorithms through the whole product: chosen by a rule, and by an override at run time."""
import random
import subprocess
import time

import pytest
import requests

from conftest import BUILD, PATIENCE_S, wait_for

STEP_S = 10
DAY_S = 86400
NINE = ["first_hour_average", "stddev_from_average", "stddev_from_moving_average", "mean_subtraction_cumulation",
        "least_squares", "histogram_bins", "grubbs", "ks_test", "median_absolute_deviation"]
FAULT = 12  # points


def judged(r, name="judged"):
    workers = [k.decode().rsplit(":", 1)[1] for k in r.redis.keys("ridgeline:stats:analyzer.*")]
    return sum(r.counter(w, name) for w in workers)


class Load:
    """A noisy metric that has been there for 26 hours, up to a few minutes ago."""

    def __init__(self, r, name):
        self.r, self.name, self.random = r, name, random.Random(name)
        self.written = 0
        self.t = int(time.time()) // STEP_S * STEP_S - 300 - 26 * 3600

    def send(self, n, shift=0.0):
        """The next `n` points; returns the time of the first."""
        first = self.t
        self.r.send_lines(f"{self.name} {100 + shift + self.random.gauss(0, 1)} {first + STEP_S * i}" for i in range(n))
        self.t += STEP_S * n
        self.written += n
        return first


@pytest.fixture
def run(ridgeline_factory):
    def begin(more=""):
        return ridgeline_factory(retention='retention = "10s:48h";', more=more, max_age="30h", analyzer="workers = 1;")
    return begin


def votes_of(anomaly):
    return {v["detector"]: v["vote"] for v in anomaly["votes"]}


def opened(r, name):
    return wait_for(f"{name} to open", lambda: r.anomalies(state="open", metric=name))[0]


def test_a_rule_lets_the_nine_judge_and_flag_a_fault(run):
    r = run('rules = ( { match = "old.**"; ensemble = "skyline"; } );')
    old, new = Load(r, "old.load"), Load(r, "new.load")
    for metric in (old, new):
        metric.send(26 * 360)
    wait_for("the history to be judged", lambda: judged(r) == old.written + new.written)
    assert not r.anomalies(state="open")
    for metric in (old, new):
        start = metric.send(FAULT, 40)
    anomaly = opened(r, "old.load")
    assert list(votes_of(anomaly)) == NINE
    assert list(votes_of(anomaly).values()).count("yes") >= 6
    assert anomaly["peak"]["ensemble"] == "skyline" and anomaly["score"] > 66
    assert start <= anomaly["start"] <= start + 3 * STEP_S and anomaly["direction"] == "up"
    assert anomaly["lower"] < anomaly["expected"] < anomaly["upper"] < anomaly["value"]
    assert "three_sigma" in votes_of(opened(r, "new.load"))

    # What is replayed is what was said live.
    wait_for("the fault to be judged", lambda: judged(r) == old.written + new.written)
    said = r.get("/api/verdict", metric="old.load", at=anomaly["peak_at"]).json()
    assert said["verdict"]["findings"] == anomaly["peak"]["findings"]
    assert said["verdict"]["state"] == "ANOMALOUS" and "of 9 algorithms voted, first " in said["why"]
    scores = {t: (score, votes) for t, score, votes in
              r.get("/api/series", metric="old.load", **{"from": start - 600, "until": old.t}).json()["scores"]}
    assert scores[anomaly["peak_at"]] == (pytest.approx(anomaly["peak"]["score"]), anomaly["peak"]["votes"])
    told = subprocess.run([str(BUILD / "ridgeline"), "explain", "--settings", str(r.settings), "--state-dir",
                           str(r.state), "--at", str(anomaly["peak_at"]), "old.load"],
                          capture_output=True, text=True, check=True).stdout
    assert all(f"  {name} " in told for name in NINE) and "ensemble  skyline" in told


def test_an_override_switches_the_nine_on_and_off_and_a_restart_fills_their_window_again(run):
    r = run()
    load = Load(r, "app.load")

    def save(options):
        token = r.get("/api/token").json()["token"]
        answer = requests.post(r.page + "/api/overrides", json={"match": "app.*", "options": options},
                               headers={"X-Ridgeline-Token": token}, timeout=PATIENCE_S)
        assert answer.status_code == 200, answer.text

    load.send(26 * 360)
    wait_for("the history to be judged", lambda: judged(r) == load.written)
    assert judged(r, "skyline_windows") == 0
    save({"ensemble": "skyline"})
    wait_for("the window", lambda: judged(r, "skyline_windows") == 1)

    load.send(1)
    wait_for("the point to be judged", lambda: judged(r) == load.written)
    assert r.stop() == 0
    r.start()
    wait_for("the window to be filled again", lambda: judged(r, "skyline_windows") == 1)
    wait_for("the loaded record", lambda: judged(r, "records_loaded") == 1)
    load.send(FAULT, 40)
    assert list(votes_of(opened(r, "app.load"))) == NINE  # no day has passed since the start
    wait_for("the fault to be judged", lambda: judged(r) == FAULT)

    save({"ensemble": None})
    wait_for("the window to go", lambda: judged(r, "skyline_windows") == 0)

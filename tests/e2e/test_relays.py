"""Carbon in, anomalies out: the real relays in front, the API behind."""
import math
import time

import pytest

from conftest import wait_for
from senders import CarbonCRelay, CarbonRelay, Metric

STEP = 10
HISTORY = 400  # points before the fault: more than the hour that warming up takes
FAULT = 12     # points until each is looked for: two minutes
AFTER = 330    # points after it: until a level shift is the new normal, and the anomaly has closed
RULE = 'detection: { close_after = "5m"; };'


def start_relay(kind, directory, r):
    if kind == "carbon-relay pickle":
        return CarbonRelay(directory, [r.pickle], "pickle")
    if kind == "carbon-relay line":
        return CarbonRelay(directory, [r.line], "line")
    return CarbonCRelay(directory, r.line)


def of(anomalies, name):
    return [a for a in anomalies if a["metric"] == name]


@pytest.mark.parametrize("kind", ["carbon-relay pickle", "carbon-relay line", "carbon-c-relay"])
def test_a_spike_a_level_shift_and_a_drop_are_found_and_close_again(ridgeline_factory, tmp_path, kind):
    r = ridgeline_factory(more=RULE)
    relay = start_relay(kind, tmp_path / "relay", r)
    try:
        fault = int(time.time()) // STEP * STEP - AFTER * STEP
        times = [fault + k * STEP for k in range(-HISTORY, 0)]
        metrics = [Metric(f"shop.host{i:03d}.requests", times[0]) for i in range(497)]
        spike, shift, drop = (Metric(f"shop.{n}.requests", times[0]) for n in ("spike", "shift", "drop"))
        everything = metrics + [spike, shift, drop]

        relay.send([m.point(t) for t in times for m in everything])
        wait_for("the history to be judged", lambda: r.judged() >= HISTORY * 500)

        minutes = [fault + k * STEP for k in range(FAULT)]
        relay.send([m.point(t) for t in minutes for m in metrics]
                   + [spike.point(t, +160.0 if t == fault else 0.0) for t in minutes]
                   + [shift.point(t, +40.0) for t in minutes]
                   + [drop.point(t, -60.0) for t in minutes])
        for metric, direction in ((spike, "up"), (shift, "up"), (drop, "down")):
            a = wait_for(f"{metric.name} to open", lambda m=metric: of(r.anomalies(state="open"), m.name))[0]
            assert a["start"] == fault
            assert a["direction"] == direction
            yes = [v for v in a["votes"] if v["vote"] == "yes"]
            assert len(yes) >= 2
            assert all(abs(v["statistic"]) >= v["threshold"] for v in yes)
            assert a["lower"] < a["expected"] < a["upper"]
            assert not a["lower"] <= a["value"] <= a["upper"]

        quiet = [fault + k * STEP for k in range(FAULT, AFTER)]
        relay.send([m.point(t) for t in quiet for m in metrics[:47] + [spike, drop]]
                   + [shift.point(t, +40.0) for t in quiet])
        for metric in (spike, shift, drop):
            closed = wait_for(f"{metric.name} to close",
                              lambda m=metric: of(r.anomalies(state="closed"), m.name))
            assert closed[0]["start"] == fault
            assert fault <= closed[0]["end"] < fault + (AFTER - 30) * STEP
        total = (HISTORY + FAULT) * 500 + (AFTER - FAULT) * 50
        wait_for("all points to be judged", lambda: r.judged() >= total)
        assert not r.anomalies(state="open", metric="shop.spike.*")
        noisy = {a["metric"] for a in r.anomalies(state="all", metric="shop.host*.*")}
        assert len(noisy) <= 10, noisy  # 2 % of the quiet ones
        wait_for("the books", lambda: r.counter("horizon", "accepted") == total)
        assert r.counter("horizon", "received") == total
    finally:
        relay.stop()


def test_a_daily_peak_is_not_flagged_at_its_peak(ridgeline_factory, tmp_path):
    step, days = 300, 8
    r = ridgeline_factory(retention='retention = "1m:12d";', max_age="10d")
    relay = CarbonCRelay(tmp_path / "relay", r.line)
    try:
        now = int(time.time()) // step * step
        start = now - days * 86400
        peak_at = (now - 6 * 3600) % 86400  # the last peak is six hours ago

        def daily(t):
            hours = ((t - peak_at + 43200) % 86400 - 43200) / 3600
            return 100.0 + 400.0 * math.exp(-hours * hours)

        m = Metric("shop.checkout.orders", start, level=0.0, noise=4.0)
        times = range(start, now, step)
        relay.send([m.point(t, daily(t)) for t in times])
        wait_for("the week to be judged", lambda: r.judged() >= len(times))
        flagged = [a for a in r.anomalies(state="all", metric=m.name) if a["start"] >= start + 4 * 86400]
        assert flagged == []

        # The same height at the wrong hour is news.
        relay.send([m.point(now + k * step, daily(now + k * step) + 300.0) for k in range(1, 3)])
        a = wait_for("the wrong hour to be flagged", lambda: of(r.anomalies(state="open"), m.name))[0]
        assert now + step <= a["start"] <= now + 2 * step
        assert {v["detector"]: v["vote"] for v in a["votes"]}["seasonal"] == "yes"
    finally:
        relay.stop()

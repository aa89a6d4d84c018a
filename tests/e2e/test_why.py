"""Why a metric was, or was not, flagged: the webapp alone, on points as horizon writes them."""
import re
import subprocess
import time

import pytest

from conftest import BUILD, PATIENCE_S, write_settings
from importing import DAY, HOUR, ROLLED_UP, SETTINGS, newest, rolled_up, run_import, shop, write_csv  # noqa: F401
from webapp import STEP, anomaly, start, tell, web, write_history, write_points  # noqa: F401: two are fixtures


def test_a_verdict_says_why_and_why_not(web, redis):
    points = write_history(redis, "app.latency", spike_at=600)
    hot = web.json("/api/verdict", metric="app.latency", at=points[600][0] + 3)
    assert hot["verdict"]["t"] == points[600][0] and hot["verdict"]["state"] == "ANOMALOUS"
    assert hot["verdict"]["direction"] == "up" and re.match(
        r"Anomalous: 900 at \d\d:\d\d UTC; [\d.]+ to [\d.]+ was expected; \d of \d detectors voted, first \w+, then ",
        hot["why"])
    assert hot["episode"]["start"] == points[600][0]
    assert hot["source"] == "replayed from the start of the tail" and hot["resolution"] == STEP
    assert {o["name"] for o in hot["options"]} >= {"median", "consensus", "score_to_open", "close_after"}
    assert web.json("/api/verdict", metric="app.latency", at=points[599][0])["why"].startswith("Normal: ")
    early = web.json("/api/verdict", metric="app.latency", at=points[20][0])
    assert early["verdict"]["state"] == "WARMING_UP" and re.match(r"Warming up: \d+ minutes.* left", early["why"])
    stale = web.json("/api/verdict", metric="app.latency", at=points[-1][0] + 86400)
    assert stale["verdict"]["state"] == "STALE" and "no point has come for 1 day, " in stale["why"]
    assert "no stored point" in web.get("/api/verdict", expect=404, metric="app.latency", at=points[0][0] - 1).text

    web.save("app.**", {"score_to_open": 100, "consensus": 5})
    assert web.json("/api/verdict", metric="app.latency", at=points[600][0])["verdict"]["state"] == "NORMAL"


def test_a_silence_ends_the_episode_that_a_verdict_tells(web, redis):
    points = write_history(redis, "app.latency", spike_at=699)
    last_t = points[-1][0]
    assert web.json("/api/verdict", metric="app.latency", at=last_t + 30)["episode"]["start"] == last_t
    assert web.json("/api/verdict", metric="app.latency", at=last_t + 86400)["episode"] is None


def test_the_sentence_tells_the_time_in_the_zone_that_is_asked_for(web, redis):
    points = write_history(redis, "app.latency", spike_at=600)
    t = points[600][0]
    for offset in (0, 3600, -16200, 86399, -86399):
        why = web.json("/api/verdict", metric="app.latency", at=t, utc_offset=offset)["why"]
        assert why.startswith(f"Anomalous: 900 at {time.strftime('%H:%M', time.gmtime(t + offset))}; "), why


@pytest.mark.parametrize("offset", ["", "-", "86400", "-86400", "+3600", "1e3", " 5"])
def test_a_zone_that_is_none_is_refused(web, offset):
    assert "east of UTC" in web.get("/api/verdict", expect=400, metric="a", utc_offset=offset).text


def test_a_saved_record_answers_for_no_time_that_it_left_out(web, redis, tmp_path):
    """A copy of each raw retention leaves out what is usual beyond two: one that has grown since may keep it longer."""
    points = shop(1, newest(), fault=None)
    imported, later = points[:-20 * 60], points[-20 * 60:]  # the last 20 hours come after
    settings = write_settings(tmp_path / "import.conf", SETTINGS.replace("60s:24h", "60s:6h,10m:10d"))
    run_import("--settings", settings, "--redis", f"unix:{redis.sock}",
               write_csv(tmp_path / "shop.orders.csv", imported))
    assert redis.hdel("ridgeline:record:shop.orders", "now") == 1
    write_points(redis, "shop.orders", later)
    soon = web.json("/api/verdict", metric="shop.orders", at=later[3 * 60][0])
    assert soon["source"] == "replayed from saved record" and soon["verdict"]["season"] != "none"
    late = web.json("/api/verdict", metric="shop.orders", at=later[-1][0])
    assert late["source"] == "replayed from the start of the tail"


def test_beyond_the_raw_points_a_verdict_is_reconstructed_from_means(start, redis, rolled_up):  # noqa: F811
    fault, points = rolled_up
    for slot in range(64):
        redis.delete(f"ridgeline:events:{slot}")  # nothing was judged while it happened
    web = start(more=ROLLED_UP)
    hot = web.json("/api/verdict", metric="shop.orders", at=fault + 1234)
    assert hot["verdict"]["state"] == "ANOMALOUS" and hot["verdict"]["t"] == fault + 1200
    assert hot["reconstructed"] and hot["resolution_s"] == 600 and hot["source"] == "reconstructed from means"
    assert hot["why"].startswith("Reconstructed from 10-minute means: Anomalous: ")
    assert fault <= hot["episode"]["start"] <= fault + 1200
    calm = web.json("/api/verdict", metric="shop.orders", at=fault - 4 * HOUR)
    assert calm["reconstructed"] and calm["episode"] is None
    assert calm["why"].startswith("Reconstructed from 10-minute means: Normal: ")
    early = web.json("/api/verdict", metric="shop.orders", at=points[0][0] + 2 * HOUR)
    assert early["reconstructed"] and early["verdict"]["state"] == "WARMING_UP"
    assert re.match(r"Reconstructed from 10-minute means: Warming up: \d+ hours .*left of data", early["why"])
    now = web.json("/api/verdict", metric="shop.orders")
    assert not now["reconstructed"] and now["resolution_s"] == 60 and now["source"] == "replayed from saved record"
    assert "no stored point" in web.get("/api/verdict", expect=404, metric="shop.orders",
                                        at=points[0][0] - DAY).text
    redis.delete("rollup.shop.orders")
    web.get("/api/verdict", expect=404, metric="shop.orders", at=fault)


def test_the_verdict_that_an_anomaly_has_kept_is_given_and_not_made_anew(start, redis, rolled_up):  # noqa: F811
    fault, _ = rolled_up
    web = start(more=ROLLED_UP)
    found = web.json("/api/anomalies", state="closed", metric="shop.orders")["anomalies"]
    [a] = [a for a in found if fault <= a["peak"]["t"] < fault + HOUR]
    for kept in (a["opened"], a["peak"], a["closed"]):
        told = web.json("/api/verdict", metric="shop.orders", at=kept["t"])
        assert told["verdict"] == kept and told["source"] == "recorded when it was judged"
        assert not told["reconstructed"] and told["why"].startswith("Recorded when it was judged: ")
        assert (told["episode"] or {}).get("start") == (a["start"] if kept != a["closed"] else None)
    beside = web.json("/api/verdict", metric="shop.orders", at=a["peak"]["t"] + 1)
    assert beside["reconstructed"]
    redis.delete("rollup.shop.orders")  # what was recorded outlasts it
    assert web.json("/api/verdict", metric="shop.orders", at=a["peak"]["t"])["verdict"] == a["peak"]


@pytest.mark.parametrize("state", ["ANOMALOUS", "STALE"])
def test_what_was_recorded_of_a_silence_is_of_no_point_and_not_given(start, redis, rolled_up, state):  # noqa: F811
    t = rolled_up[0] - 30 * HOUR
    web = start(more=ROLLED_UP)
    a = anomaly("shop.orders", t, t + HOUR)
    for kept in (a["opened"], a["peak"]):
        kept["state"] = state
    tell(redis, "open", a)
    tell(redis, "close", a)
    told = web.json("/api/verdict", metric="shop.orders", at=t)
    assert told["reconstructed"] == (state == "STALE")
    assert told["why"].startswith("Reconstructed" if state == "STALE" else "Recorded")


def test_the_band_before_the_raw_points_is_that_of_the_verdicts(start, redis, rolled_up):  # noqa: F811
    fault, points = rolled_up
    web = start(more=ROLLED_UP)
    got = web.json("/api/series", metric="shop.orders")
    [stretch] = got["reconstructed"]
    means, raw = got["stretches"]
    assert stretch["step"] == means["step"] == 600
    assert stretch["until"] == means["until"] and 0 < stretch["from"] - means["from"] < DAY
    band = {t: row for t, *row in got["expected"]}
    for t in (stretch["from"], fault - 4 * HOUR, fault + 1200, stretch["until"]):
        verdict = web.json("/api/verdict", metric="shop.orders", at=t + 1)["verdict"]
        assert verdict["t"] == t and band[t] == [verdict[k] for k in ("expected", "lower", "upper")]
    times = [t for t, *_ in got["expected"]]
    assert times == sorted(times) and times[0] == stretch["from"] and times[-1] == raw["until"] == points[-1][0]
    lanes = web.json("/api/series", metric="shop.orders", lanes=1, until=stretch["until"])["lanes"]
    of_means = {t for t, *_ in got["scores"] if t <= stretch["until"]}
    assert lanes and all(lane["rows"] and {t for t, *_ in lane["rows"]} <= of_means for lane in lanes)
    assert any(row[2] == "yes" and fault <= row[0] < fault + HOUR for lane in lanes for row in lane["rows"])
    lately = web.json("/api/series", metric="shop.orders", **{"from": raw["from"]})
    assert lately["reconstructed"] == []
    alone = web.json("/api/series", metric="shop.orders", judge=0)
    assert "reconstructed" not in alone and "expected" not in alone


def test_ridgeline_explain_says_that_it_reconstructed(redis, rolled_up, tmp_path):  # noqa: F811
    fault, points = rolled_up
    settings = write_settings(tmp_path / "explain.conf", f'redis = "unix:{redis.sock}"; {ROLLED_UP}')

    def explain(at):
        return subprocess.run([str(BUILD / "ridgeline"), "explain", "--settings", str(settings), "--at", str(at),
                               "shop.orders"], capture_output=True, text=True, timeout=PATIENCE_S)
    hot = explain(fault + 1234)
    assert hot.returncode == 0 and "  state     ANOMALOUS" in hot.stdout, hot.stderr
    assert "  source    reconstructed from means of 10m: no raw point is left" in hot.stdout
    assert "An anomaly is open since" in hot.stdout
    assert "reconstructed" not in explain(points[-1][0]).stdout
    before = explain(points[0][0] - DAY)
    assert before.returncode == 1 and "no point of this metric at or before that time" in before.stdout

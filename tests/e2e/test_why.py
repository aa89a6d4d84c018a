"""Why a metric was, or was not, flagged: the webapp alone, on points as horizon writes them."""
import re
import time

import pytest

from conftest import write_settings
from importing import SETTINGS, newest, run_import, shop, write_csv
from webapp import STEP, start, web, write_history, write_points  # noqa: F401: `start` and `web` are fixtures


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

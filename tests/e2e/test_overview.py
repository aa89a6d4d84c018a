"""What the overview asks of the webapp: lanes and lists from memory, sparklines, and files that cost little to load."""
import gzip
import json
import math
import time

import pytest

from conftest import ROOT, canonical, wait_for
from webapp import HOSTILE, anomaly, slot_of, start, tell, web, write_points  # noqa: F401

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86400


def lanes(web, **parameters):
    answer = web.json("/api/lanes", **parameters)
    return {row["prefix"]: row for row in answer["rows"]}, answer


def wait_for_lanes(web, count):
    ever = {"from": 0, "until": 2**32 - 1}
    return wait_for("the past", lambda: web.json("/api/lanes/anomalies", **ever)["total"] == count)


# ---- lanes

def test_lanes_hold_the_strongest_score_of_each_group_and_time(web, redis):
    from_t = int(time.time()) // HOUR_S * HOUR_S - DAY_S
    tell(redis, "close", anomaly("servers.web1.cpu", from_t + 10, from_t + HOUR_S + 10, score=70.9))
    tell(redis, "close", anomaly("servers.web1.load", from_t + HOUR_S + 20, from_t + HOUR_S + 20, score=90))
    tell(redis, "close", anomaly("servers.web2.cpu", from_t + 5 * HOUR_S, from_t + 5 * HOUR_S, score=60))
    tell(redis, "open", anomaly("shop.orders;region=eu", from_t + 20 * HOUR_S, from_t + 20 * HOUR_S, score=55))
    wait_for_lanes(web, 4)
    rows, answer = lanes(web, until=from_t + DAY_S, slots=24, depth=2, **{"from": from_t})
    assert (answer["from"], answer["slot_s"], answer["slots"], answer["groups"]) == (from_t, HOUR_S, 24, 3)
    assert [row["prefix"] for row in answer["rows"]] == ["servers.web1", "servers.web2", "shop.orders"]
    assert rows["servers.web1"]["cells"] == [70, 90] + [0] * 22
    assert (rows["servers.web1"]["metrics"], rows["servers.web1"]["leaf"]) == (2, False)
    assert rows["servers.web2"]["cells"] == [0] * 5 + [60] + [0] * 18
    assert rows["shop.orders"]["cells"] == [0] * 20 + [55] * 4, "an open one lasts until now"
    rows, _ = lanes(web, until=from_t + DAY_S, slots=24, depth=1, **{"from": from_t})
    assert set(rows) == {"servers", "shop"} and rows["servers"]["metrics"] == 3
    rows, _ = lanes(web, until=from_t + DAY_S, slots=24, depth=1, prefix="servers.web1", **{"from": from_t})
    leaves = {prefix: row["leaf"] for prefix, row in rows.items()}
    assert leaves == {"servers.web1.cpu": True, "servers.web1.load": True}


def test_lanes_follow_what_is_told_live(web, redis):
    now = int(time.time())
    wait_for("the past", lambda: lanes(web)[1]["complete"])
    a = anomaly("app.latency", now - 100, now - 100, score=60)
    tell(redis, "open", a)
    wait_for("it to be there", lambda: max(lanes(web)[0].get("app.latency", {"cells": [0]})["cells"]) == 60)
    tell(redis, "update", dict(a, score=80))
    wait_for("it to rise", lambda: max(lanes(web)[0]["app.latency"]["cells"]) == 80)
    listed = web.json("/api/lanes/anomalies", state="open")["anomalies"]
    assert listed == [{"id": a["id"], "metric": "app.latency", "state": "open", "start": now - 100, "end": now - 100,
                       "direction": "up", "score": 80, "candidate": False, "mute": None}]
    tell(redis, "close", dict(a, score=80))
    wait_for("its closing", lambda: web.json("/api/lanes/anomalies", state="open")["total"] == 0)
    assert web.json("/api/lanes/anomalies", state="closed")["total"] == 1


def test_the_past_is_read_again_from_a_redis_that_came_back(web, redis, redis_server):
    now = int(time.time())
    tell(redis, "close", anomaly("app.a", now - 100, now - 90))
    wait_for_lanes(web, 1)
    redis_server.kill()
    redis_server.start()  # it had saved nothing
    tell(redis_server.client, "close", anomaly("app.b", now - 50, now - 40))
    wait_for("the other past", lambda: set(lanes(web)[0]) == {"app.b"})


def test_all_that_the_streams_keep_is_recalled_and_the_newest_entry_of_each_counts(start, redis):
    now = int(time.time())
    for i in range(300):
        a = anomaly(f"site.m{i:03}", now - 80 * DAY_S + i, now - 80 * DAY_S + i, score=50)
        redis.xadd(f"ridgeline:events:{slot_of(a['metric'])}", {"kind": "open", "id": a["id"], "json": json.dumps(a)})
        tell(redis, "close", dict(a, score=90.0))
    redis.xadd("ridgeline:events:3", {"kind": "close", "id": "x", "json": "{"})
    redis.xadd("ridgeline:events:3", {"other": "fields"})
    redis.set("ridgeline:events:4", "no stream")
    redis.set("ridgeline:open:4", "no hash")
    web = start()
    expected = 300 - sum(slot_of(f"site.m{i:03}") == 4 for i in range(300))
    wait_for_lanes(web, expected)
    rows, answer = lanes(web, depth=1, until=now, slots=90, **{"from": now - 90 * DAY_S})
    assert answer["complete"] and rows["site"]["metrics"] == expected and max(rows["site"]["cells"]) == 90


def test_candidates_are_on_no_lane_unless_they_are_wanted(start, redis):
    web = start(more="surface_score = 70;")
    now = int(time.time())
    tell(redis, "open", anomaly("app.weak", now - 60, now - 60, score=69.9))
    tell(redis, "open", anomaly("app.strong", now - 60, now - 60, score=70))
    wait_for("both", lambda: set(lanes(web, candidates=1)[0]) == {"app.weak", "app.strong"})
    assert set(lanes(web)[0]) == {"app.strong"}
    listed = web.json("/api/lanes/anomalies", candidates=1)["anomalies"]
    assert [(a["metric"], a["candidate"]) for a in listed] == [("app.strong", False), ("app.weak", True)]


def test_the_list_below_a_prefix_gives_the_strongest_first_and_says_how_many_there_are(web, redis):
    now = int(time.time())
    for i in range(50):
        tell(redis, "open", anomaly(f"deep.host{i % 5}.m{i}", now - 100 - i, now - 50, score=40 + i))
    wait_for_lanes(web, 50)
    answer = web.json("/api/lanes/anomalies", prefix="deep.host3", limit=4)
    assert [a["score"] for a in answer["anomalies"]] == [88, 83, 78, 73]
    assert (answer["total"], answer["truncated"]) == (10, True)
    assert web.json("/api/lanes/anomalies", prefix="deep.host")["total"] == 0
    assert web.json("/api/lanes/anomalies", until=now - 120)["total"] == 29


def test_hostile_names_make_lanes_that_say_them(web, redis):
    now = int(time.time())
    for name in HOSTILE:
        tell(redis, "open", anomaly(name, now - 20, now))
    wait_for_lanes(web, len(HOSTILE))
    listed = {a["metric"] for a in web.json("/api/lanes/anomalies")["anomalies"]}
    assert listed == set(HOSTILE)
    for name in HOSTILE:
        assert web.json("/api/lanes/anomalies", prefix=name)["total"] >= 1
        lanes(web, prefix=name)


@pytest.mark.parametrize("parameters", [
    {"from": 100, "until": 100}, {"from": -1}, {"depth": 0}, {"depth": 9}, {"slots": 0}, {"slots": 241}, {"prefix": ""},
    {"prefix": "a\nb"}, {"prefix": "x" * 1025}, {"candidates": "yes"}, {"limit": 5}])
def test_bad_questions_about_lanes_are_refused(web, parameters):
    web.get("/api/lanes", expect=400, **parameters)


@pytest.mark.parametrize("parameters", [{"limit": 0}, {"limit": 2001}, {"state": "shut"}, {"depth": 1}])
def test_bad_questions_about_their_anomalies_are_refused(web, parameters):
    web.get("/api/lanes/anomalies", expect=400, **parameters)


# ---- sparklines

def test_a_sparkline_has_the_extremes_of_what_is_stored(web, redis):
    now = int(time.time())
    points = [(now - DAY_S + 10 * i, math.sin(i / 300) + (50 if i == 5000 else 0)) for i in range(8640)]
    write_points(redis, "app.wave", points)
    redis.append("metrics.app.wave", canonical(now, math.inf))
    answer = web.json("/api/spark", metric="app.wave", until=now, **{"from": now - DAY_S})
    assert len(answer["points"]) == 80 and answer["slot_s"] == DAY_S // 80 + 1
    for t, low, high in answer["points"]:
        inside = [v for at, v in points if t <= at < t + answer["slot_s"]]
        assert (low, high) == pytest.approx((min(inside), max(inside)))
    assert web.json("/api/spark", metric="no.such")["points"] == []
    web.get("/api/spark", expect=400)
    web.get("/api/spark", expect=400, metric="app.wave", until=5, **{"from": 6})


def test_a_sparkline_goes_on_into_what_was_rolled_up(ridgeline_factory):
    r = ridgeline_factory(max_age="110m", roomba='pass_interval = "1s";',
                          retention='retention = "10s:2h,1m:6h,10m:3d";')
    until = int(time.time()) // 10 * 10
    r.redis.append("metrics.site.old", b"".join(canonical(t, t // 10 % 7) for t in range(until - 2 * DAY_S, until, 10)))
    r.redis.sadd("metrics.unique_metrics", "metrics.site.old")
    wait_for("the fold", lambda: r.redis.exists("rollup.site.old") and r.redis.strlen("metrics.site.old") < 15 * 1000)
    points = r.get("/api/spark", metric="site.old", until=until, **{"from": until - 2 * DAY_S}).json()["points"]
    assert len(points) >= 78 and all((low, high) == (0, 6) for _, low, high in points[1:-16])


# ---- files

def test_files_come_compressed_to_who_takes_that(web):
    for path, name in (("/", "index.html"), ("/main.js", "main.js"), ("/style.css", "style.css")):
        status, headers, body = web.raw("GET", path, {"Accept-Encoding": "br, gzip;q=0.5"})
        whole = (ROOT / "webapp" / "page" / name).read_bytes()
        assert status == 200 and headers["Content-Encoding"] == "gzip" and len(body) < len(whole)
        assert gzip.decompress(body) == whole
        assert headers["Vary"] == "Accept-Encoding" and headers["Cache-Control"] == "no-cache"
        _, plain, same = web.raw("GET", path)
        assert "Content-Encoding" not in plain and same == whole and plain["ETag"] != headers["ETag"]
        again = web.raw("GET", path, {"Accept-Encoding": "gzip", "If-None-Match": headers["ETag"]})
        assert (again[0], again[2]) == (304, b"")


@pytest.mark.parametrize("accepted", ["", "identity", "gzip;q=0", "gzip; q=0.000", "xgzip", "gzipx, br", ",;,"])
def test_files_come_as_they_are_to_who_does_not_take_gzip(web, accepted):
    _, headers, body = web.raw("GET", "/main.js", {"Accept-Encoding": accepted})
    assert "Content-Encoding" not in headers and body == (ROOT / "webapp" / "page" / "main.js").read_bytes()


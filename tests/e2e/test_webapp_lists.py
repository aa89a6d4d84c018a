"""Anomalies and metrics, as the webapp lists them: whichever and however many there are."""
import json
import math
import time

from conftest import canonical, wait_for
from webapp import HOSTILE, anomaly, roster, slot_of, start, tell, web, write_points  # noqa: F401 (fixtures)

GLOB_MAX = 512  # bytes of a pattern


def test_open_anomalies_come_strongest_first_and_closed_ones_newest_first(web, redis):
    now = int(time.time())
    for i in range(20):
        tell(redis, "open", anomaly(f"site.open{i}", now - 100 - i, now, score=40 + (i * 7) % 20 * 3))
    closed = [anomaly(f"site.shut{i}", now - 9000 + i, now - 8000 + i, state="open") for i in range(30)]
    for a in closed:
        tell(redis, "open", a)
        tell(redis, "update", a)
        tell(redis, "close", a)
        time.sleep(0.002)

    found = web.json("/api/anomalies")["anomalies"]
    assert len(found) == 20 and {a["state"] for a in found} == {"open"}
    assert [a["score"] for a in found] == sorted((a["score"] for a in found), reverse=True)
    assert found[0]["peak"]["findings"][1]["vote"] == "yes" and found[0]["opened"]["t"] == found[0]["start"]

    found = web.json("/api/anomalies", state="closed")["anomalies"]
    assert [a["metric"] for a in found] == [a["metric"] for a in reversed(closed)]
    assert {a["state"] for a in found} == {"closed"}
    answer = web.json("/api/anomalies", state="closed", limit=4)
    assert [a["metric"] for a in answer["anomalies"]] == [f"site.shut{i}" for i in (29, 28, 27, 26)]
    assert answer["truncated"] and not web.json("/api/anomalies", state="all")["truncated"]
    assert len(web.json("/api/anomalies", state="all")["anomalies"]) == 50
    assert len(web.json("/api/anomalies", state="all", metric="site.open1*")["anomalies"]) == 11
    since = web.json("/api/anomalies", state="all", since=now - 8000 + 25)["anomalies"]
    assert sum(a["state"] == "closed" for a in since) == 5 and len(since) == 25


def test_of_very_many_open_anomalies_the_strongest_are_told(web, redis):
    now = int(time.time())
    with redis.pipeline() as p:
        for i in range(1000):
            a = anomaly(f"m{i}", now - 100, now, score=i / 10)
            p.hset(f"ridgeline:open:{slot_of(a['metric'])}", a["id"], json.dumps(a))
        p.execute()
    answer = web.json("/api/anomalies", limit=7)
    assert [a["metric"] for a in answer["anomalies"]] == [f"m{i}" for i in range(999, 992, -1)] and answer["truncated"]
    answer = web.json("/api/anomalies", limit=1000)
    assert len(answer["anomalies"]) == 1000 and not answer["truncated"]


def test_closed_anomalies_are_found_behind_many_updates(web, redis):
    now = int(time.time())
    tell(redis, "close", anomaly("busy", now - 900, now - 800))
    noisy = anomaly("busy", now - 100, now)
    slot = slot_of("busy")
    with redis.pipeline() as p:
        for _ in range(1000):
            p.xadd(f"ridgeline:events:{slot}", {"kind": "update", "id": noisy["id"], "json": json.dumps(noisy)})
        p.execute()
    found = web.json("/api/anomalies", state="closed")["anomalies"]
    assert [(a["metric"], a["start"]) for a in found] == [("busy", now - 900)]


def test_an_anomaly_that_is_listed_twice_is_told_once_and_as_closed(web, redis):
    now = int(time.time())
    a = anomaly("twice", now - 900, now - 800)
    tell(redis, "close", a)
    tell(redis, "close", a)
    redis.hset(f"ridgeline:open:{slot_of('twice')}", a["id"], json.dumps(a))
    found = web.json("/api/anomalies", state="all")["anomalies"]
    assert [(x["id"], x["state"]) for x in found] == [(a["id"], "closed")]


def test_unreadable_entries_are_left_out_alone(web, redis):
    now = int(time.time())
    tell(redis, "open", anomaly("good", now - 100, now))
    for slot, text in enumerate([b"", b"{", b"[]", b"\xff\xfe", b'{"id": 3}', b"null", b"[" * 100_000]):
        redis.hset(f"ridgeline:open:{slot}", f"bad{slot}", text)
        redis.xadd(f"ridgeline:events:{slot}", {"kind": "close", "json": text})
        redis.xadd(f"ridgeline:events:{slot}", {"odd": "fields"})
        redis.xadd(f"ridgeline:events:{slot}", {"kind": b"\xff", "json": json.dumps(anomaly("odd", now, now))})
    assert [a["metric"] for a in web.json("/api/anomalies", state="all")["anomalies"]] == ["good"]


def test_unknown_metrics_are_not_found(web):
    for path in ["/api/series", "/api/verdict"]:
        assert web.get(path, expect=404, metric="no.such").json() == {"error": "no metric has this name"}


def test_foreign_and_broken_keys_give_an_answer(web, redis):
    redis.set("metrics.junk", b"\xc1" * 1000)
    redis.set("metrics.nan", canonical(1000, math.nan) + canonical(1010, math.inf) + canonical(1020, 1.0))
    redis.lpush("metrics.list", "x")
    assert web.json("/api/series", metric="junk")["points"] == []
    assert web.json("/api/series", metric="nan")["points"] == [[1020, 1.0]]
    web.get("/api/series", expect=503, metric="list")
    web.get("/api/verdict", expect=404, metric="junk")


def test_hostile_names_are_only_ever_text(web, redis):
    now = int(time.time())
    for i, name in enumerate(HOSTILE):
        write_points(redis, name, [(now - 20, 1.0), (now - 10, 2.0)])
        tell(redis, "open", anomaly(name, now - 20, now, score=50 + i))
    wait_for("the names", lambda: web.json("/api/metrics")["total"] == len(HOSTILE))
    assert {m["name"] for m in web.json("/api/metrics")["metrics"]} == set(HOSTILE)
    assert [a["metric"] for a in web.json("/api/anomalies")["anomalies"]] == HOSTILE[::-1]
    for name in HOSTILE:
        r = web.get("/api/series", metric=name)
        assert r.headers["Content-Type"] == "application/json"
        assert r.json()["metric"] == name and len(r.json()["points"]) == 2 and len(r.json()["anomalies"]) == 1
        assert web.json("/api/verdict", metric=name)["metric"] == name
        web.json("/api/options", metric=name)


def test_metrics_are_found_by_glob_and_by_text(web, redis):
    now = int(time.time())
    for host in ["web1", "web2", "db1"]:
        for what in ["cpu", "disk.used"]:
            write_points(redis, f"servers.{host}.{what}", [(now - 10, 4.5)])
    redis.set(f"ridgeline:states:{slot_of('servers.db1.cpu')}", roster({"servers.db1.cpu": 2}))
    wait_for("the names", lambda: web.json("/api/metrics")["total"] == 6)

    def names(**parameters):
        return [m["name"] for m in web.json("/api/metrics", **parameters)["metrics"]]

    assert names(query="servers.*.cpu") == ["servers.db1.cpu", "servers.web1.cpu", "servers.web2.cpu"]
    assert names(query="servers.web?.**") == [f"servers.web{i}.{w}" for i in (1, 2) for w in ("cpu", "disk.used")]
    assert names(query="disk") == [f"servers.{h}.disk.used" for h in ("db1", "web1", "web2")]
    assert names(query="servers.*") == [] and names(query="nothing") == []
    wait_for("the state", lambda: web.json("/api/metrics", limit=1)["metrics"][0]["state"] == "ANOMALOUS")
    answer = web.json("/api/metrics", limit=2)
    assert answer["total"] == 6 and [m["name"] for m in answer["metrics"]] == ["servers.db1.cpu",
                                                                               "servers.db1.disk.used"]
    assert answer["metrics"][0] == {"name": "servers.db1.cpu", "last": now - 10, "value": 4.5, "state": "ANOMALOUS",
                                    "mute": None}
    assert answer["metrics"][1]["state"] == "UNKNOWN"

    redis.srem("metrics.unique_metrics", "metrics.servers.db1.cpu")
    wait_for("a forgotten name to go", lambda: web.json("/api/metrics")["total"] == 5)


def test_ten_thousand_names_are_listed_sorted_and_once(web, redis):
    wanted = sorted((f"m{i % 97}.x{i}" for i in range(10_000)), key=str.encode)
    redis.sadd("metrics.unique_metrics", *("metrics." + name for name in wanted), "not.a.metric", b"metrics.\xff",
               "metrics.")
    wait_for("the names", lambda: web.json("/api/metrics")["total"] == 10_000)
    assert [m["name"] for m in web.json("/api/metrics", limit=1000)["metrics"]] == wanted[:1000]


def test_names_are_listed_whatever_stands_in_an_event_stream(web, redis):
    redis.set("ridgeline:events:5", "not a stream")
    write_points(redis, "app.latency", [(1000, 1.0)])
    wait_for("the name", lambda: web.json("/api/metrics")["total"] == 1)


def test_a_list_of_names_is_whole_after_redis_restarted_within_a_walk(web, redis, redis_server):
    redis.sadd("metrics.unique_metrics", *(f"metrics.m{i}" for i in range(100_000)))  # a walk of three seconds
    redis.save()
    wait_for("the names", lambda: web.json("/api/metrics", limit=1)["total"] == 100_000)
    for pause_s in (0.3, 1.4, 0.7):
        time.sleep(pause_s)
        redis_server.kill()
        redis_server.start()
    seen = {web.json("/api/metrics", limit=1, query="m1")["total"]}
    until = time.monotonic() + 9
    while time.monotonic() < until:
        seen.add(web.json("/api/metrics", limit=1, query="m1")["total"])
        time.sleep(0.2)
    assert seen == {11_111}


def test_a_pattern_that_would_explode_is_answered(web, redis):
    # Names that begin differently, for what they have in common is matched once.
    redis.sadd("metrics.unique_metrics", *(f"metrics.{i:04d}" + "a" * 1000 for i in range(500)))
    wait_for("the names", lambda: web.json("/api/metrics", limit=1)["total"] == 500)
    for pattern, total in [("**a*b", 0), ("**a*a*a*a", 500), ("00017*", 0), ("0017*", 1)]:
        query = "{" + ",".join([pattern] * (GLOB_MAX // (len(pattern) + 1) - 1)) + "}"
        assert web.json("/api/metrics", query=query, limit=1)["total"] == total

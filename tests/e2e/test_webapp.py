"""The webapp alone: real redis-server, real webapp, data written as the other daemons write it."""
import concurrent.futures
import contextlib
import http.client
import json
import math
import queue
import resource
import socket
import struct
import threading
import time

import pytest
import requests

from conftest import ROOT, canonical, free_ports, wait_for, write_settings

STEP = 10
HOSTILE = ["<img src=x onerror=alert(1)>", 'a"b\\c', "'; DROP TABLE metrics; --", "süd.größe.温度", "a%00b&c=d#e",
           "{a,b}[c]*?", "${7*7}{{7*7}}", "..", "x" * 1024]


class Webapp:
    """A running webapp and what the tests say to it."""

    def __init__(self, daemon, port):
        self.daemon, self.port = daemon, port
        self.page = f"http://127.0.0.1:{port}"

    def get(self, path, expect=200, headers=None, **parameters):
        r = requests.get(self.page + path, params=parameters, headers=headers, timeout=30)
        assert r.status_code == expect, (path, parameters, r.status_code, r.text[:300])
        if expect >= 400 and path != "/metrics":
            assert set(r.json()) >= {"error"} and r.json()["error"], r.text
        return r

    def json(self, path, **parameters):
        return self.get(path, **parameters).json()

    def raw(self, method, path, headers=None, body=None):
        """One request of exactly these headers, path and method."""
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as c:
            c.putrequest(method, path, skip_host="Host" in (headers or {}), skip_accept_encoding=True)
            for name, value in (headers or {}).items():
                c.putheader(name, value)
            if body is not None:
                c.putheader("Content-Length", str(len(body)))
            c.endheaders(body)
            r = c.getresponse()
            return r.status, dict(r.getheaders()), r.read()

    def answers(self):
        with contextlib.suppress(OSError):
            return self.raw("GET", "/api/token")[0] == 200

    def token(self):
        return self.json("/api/token")["token"]

    def save(self, match, options, expect=200):
        r = requests.post(self.page + "/api/overrides", json={"match": match, "options": options},
                          headers={"X-Ridgeline-Token": self.token()}, timeout=30)
        assert r.status_code == expect, r.text
        return r.json()

    def remove(self, match, expect=200):
        r = requests.delete(self.page + "/api/overrides", params={"match": match},
                            headers={"X-Ridgeline-Token": self.token()}, timeout=30)
        assert r.status_code == expect, r.text
        return r.json()


@pytest.fixture
def start(redis_server, daemons, tmp_path):
    """start(**settings) -> a Webapp that ends with the test."""
    def begin(webapp="", more=""):
        port = free_ports(1)[0]
        settings = write_settings(tmp_path / f"webapp-{port}.conf", f'''
            redis = "unix:{redis_server.sock}";
            webapp: {{ listen = "127.0.0.1:{port}"; {webapp} }};
            {more}''')
        web = Webapp(daemons("webapp", settings).wait_ready(), port)
        wait_for("the page", web.answers)
        return web
    return begin


@pytest.fixture
def web(start):
    return start()


def key_hash(name):
    """keys_hash() of lib/keys.c."""
    h, mask = 0xCBF29CE484222325, (1 << 64) - 1
    for byte in name.encode():
        h = (h ^ byte) * 0x100000001B3 & mask
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        h = (h ^ h >> 33) * factor & mask
    return h ^ h >> 33


def slot_of(name):
    return key_hash(name) % 64


def write_points(redis, name, points):
    redis.append("metrics." + name, b"".join(canonical(t, v) for t, v in points))
    redis.sadd("metrics.unique_metrics", "metrics." + name)


def verdict(t, score, value=100.0):
    finding = {"detector": "median", "statistic": 9.5, "threshold": 4.5, "expected": 10.0, "vote": "yes", "reason": None}
    return {"t": t, "value": value, "state": "ANOMALOUS", "score": score, "strength": 1.5, "rarity": 0.1, "expected": 10.0,
            "lower": 5.0, "upper": 15.0, "direction": "up", "votes": 1, "judges": 1, "season": "none",
            "warmup_left_s": 0, "findings": [finding]}


def anomaly(metric, start_t, end, score=80.0, state="open"):
    return {"id": f"{key_hash(metric + str(start_t)):016x}", "metric": metric, "state": state, "start": start_t, "end": end,
            "direction": "up", "score": score, "value": 100.0, "expected": 10.0, "lower": 5.0, "upper": 15.0,
            "votes": [], "peak_at": start_t, "opened": verdict(start_t, score), "peak": verdict(start_t, score),
            "closed": None}


def roster(states, stamp=1):
    """The states of one slot's metrics as its worker writes them."""
    return struct.pack("<BQ", 1, stamp) + b"".join(struct.pack("<QB", key_hash(n), s) for n, s in states.items())


def tell(redis, kind, a):
    """Writes an anomaly's change as a worker does."""
    slot = slot_of(a["metric"])
    if kind == "close":
        a = dict(a, state="closed")
        redis.hdel(f"ridgeline:open:{slot}", a["id"])
    else:
        redis.hset(f"ridgeline:open:{slot}", a["id"], json.dumps(a))
    redis.xadd(f"ridgeline:events:{slot}", {"kind": kind, "id": a["id"], "json": json.dumps(a)})


# ---- the page and its headers

def test_page_is_served_with_a_policy_that_runs_only_its_own_script(web):
    for path, kind in [("/", "text/html"), ("/main.js", "text/javascript"), ("/style.css", "text/css"),
                       ("/dygraph.min.js", "text/javascript"), ("/dygraph.min.css", "text/css")]:
        r = web.get(path)
        assert r.headers["Content-Type"].startswith(kind) and r.content
        again = requests.get(web.page + path, headers={"If-None-Match": r.headers["ETag"]}, timeout=30)
        assert (again.status_code, again.content) == (304, b"")
        other = requests.get(web.page + path, headers={"If-None-Match": '"other"'}, timeout=30)
        assert other.content == r.content


def test_every_file_of_the_page_is_served_as_it_is(web):
    for path in sorted((ROOT / "webapp" / "page").iterdir()):
        served = web.get("/" if path.name == "index.html" else f"/{path.name}")
        assert served.content == path.read_bytes(), path.name


def test_every_answer_carries_the_security_headers(web):
    for path in ["/", "/api/health", "/api/token", "/metrics", "/nowhere", "/api/series"]:
        headers = requests.get(web.page + path, timeout=30, headers={"Origin": "http://evil.example"}).headers
        policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
        assert policy["default-src"] == "'none'" and policy["script-src"] == "'self'" == policy["style-src"]
        assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert not [name for name in headers if name.lower().startswith("access-control")]


def test_unknown_paths_and_methods_are_told(web):
    web.get("/api/nothing", expect=404)
    for method, path, allowed in [("PUT", "/api/overrides", "GET, HEAD, POST, DELETE"), ("POST", "/api/health", "GET, HEAD"),
                                  ("POST", "/", "GET, HEAD"), ("OPTIONS", "/api/overrides", "GET, HEAD, POST, DELETE")]:
        status, headers, body = web.raw(method, path)
        assert (status, headers["Allow"]) == (405, allowed) and json.loads(body)["error"]
    status, headers, body = web.raw("HEAD", "/api/health")
    assert status == 200 and body == b"" and int(headers["Content-Length"]) > 100


@pytest.mark.parametrize("path", [
    "/api/anomalies?state=opened", "/api/anomalies?since=-1", "/api/anomalies?since=1e9", "/api/anomalies?limit=0",
    "/api/anomalies?limit=99999", "/api/anomalies?metric=a[", "/api/anomalies?metric=", "/api/anomalies?stat=open",
    "/api/anomalies?state=open&state=open", "/api/series", "/api/series?metric=", "/api/series?metric=a%00b",
    "/api/series?metric=a%ffb", "/api/series?metric=" + "x" * 1025, "/api/series?metric=a&from=9&until=8",
    "/api/series?metric=a&from=4294967296", "/api/verdict?metric=a&at=now", "/api/metrics?query={a", "/api/options",
    "/api/options?metric=a&match=b", "/api/health?x=1", "/api/metrics?" + "&".join(f"a{i}=1" for i in range(40))])
def test_wrong_parameters_are_errors_with_a_sentence(web, path):
    status, _, body = web.raw("GET", path)
    assert status == 400, (status, body)
    assert len(json.loads(body)["error"]) > 10


# ---- who may ask

def test_a_host_that_is_not_ours_is_refused(web):
    for host in ["evil.example", f"evil.example:{web.port}", "127.0.0.1.evil.example"]:
        for path in ["/", "/api/token", "/metrics"]:
            assert web.raw("GET", path, {"Host": host})[0] == 403
    for host in [f"127.0.0.1:{web.port}", f"localhost:{web.port}", socket.gethostname()]:
        assert web.raw("GET", "/api/token", {"Host": host})[0] == 200


def test_a_change_needs_the_token_and_our_origin(web, redis):
    body = json.dumps({"match": "a", "options": {"consensus": 2}}).encode()
    token, host = web.token(), f"127.0.0.1:{web.port}"
    for headers in [{}, {"X-Ridgeline-Token": ""}, {"X-Ridgeline-Token": "0" * 32}, {"X-Ridgeline-Token": token[:-1]},
                    {"X-Ridgeline-Token": token, "Origin": "http://evil.example"},
                    {"X-Ridgeline-Token": token, "Origin": "null"}]:
        assert web.raw("POST", "/api/overrides", headers, body)[0] == 403
        assert web.raw("DELETE", "/api/overrides?match=a", headers)[0] == 403
    assert not redis.exists("ridgeline:overrides")
    status, _, _ = web.raw("POST", "/api/overrides", {"X-Ridgeline-Token": token, "Origin": f"http://{host}"}, body)
    assert status == 200 and redis.hget("ridgeline:overrides", "version") == b"1"


def test_long_bodies_are_refused_and_hurt_nobody(web):
    headers = {"X-Ridgeline-Token": web.token()}
    assert web.raw("POST", "/api/overrides", headers, b"x" * 70_000)[0] == 413
    with pytest.raises(OSError):
        web.raw("POST", "/api/overrides", headers, b"x" * 20_000_000)
    web.get("/api/health")


# ---- anomalies

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


# ---- series, verdicts, metrics

def write_history(redis, name, n=700, spike_at=None):
    """`n` points up to now: a slow wave with a little noise, and one spike."""
    now = int(time.time()) // STEP * STEP
    start_t = now - (n - 1) * STEP
    points = [(start_t + i * STEP, 100 + 10 * math.sin(i / 60) + (i * 7919 % 13) / 10) for i in range(n)]
    if spike_at is not None:
        points[spike_at] = (points[spike_at][0], 900.0)
    write_points(redis, name, points)
    return points


def test_series_gives_points_band_scores_and_spans(web, redis):
    points = write_history(redis, "app.latency", spike_at=600)
    spike_t = points[600][0]
    tell(redis, "close", anomaly("app.latency", spike_t, spike_t + 30))
    tell(redis, "close", anomaly("app.latency", points[0][0] - 500, points[0][0] - 400))
    tell(redis, "close", anomaly("app.other", spike_t, spike_t + 30))
    r = web.json("/api/series", metric="app.latency", **{"from": points[10][0]})
    assert r["metric"] == "app.latency" and r["step"] == STEP
    assert r["points"] == [[t, pytest.approx(v)] for t, v in points[10:]]
    assert [a["start"] for a in r["anomalies"]] == [spike_t]
    scores = {t: (score, votes) for t, score, votes in r["scores"]}
    assert scores[spike_t][0] > 75 and scores[spike_t][1] >= 2
    calm = [scores[t][0] for t, _ in points[400:590]]
    assert max(calm) < 50
    for t, expected, lower, upper in r["expected"]:
        assert lower <= expected <= upper, t
    assert abs(dict((e[0], e[1]) for e in r["expected"])[spike_t] - 105) < 30

    assert [a["start"] for a in web.json("/api/series", metric="app.latency")["anomalies"]] == [spike_t]

    part = web.json("/api/series", metric="app.latency", **{"from": points[500][0], "until": points[509][0]})
    assert [p[0] for p in part["points"]] == [t for t, _ in points[500:510]]
    assert part["scores"] == [s for s in r["scores"] if points[500][0] <= s[0] <= points[509][0]]


def test_series_shows_the_last_written_value_in_time_order(web, redis):
    write_points(redis, "late", [(1000, 1.0), (1020, 3.0), (1010, 2.0), (1020, 4.0), (1000, 9.0)])
    redis.append("metrics.late", b"\x92\xcd\x04\x06\x05")  # [1030, 5] as another tool writes it
    assert web.json("/api/series", metric="late")["points"] == [[1000, 9.0], [1010, 2.0], [1020, 4.0], [1030, 5.0]]


def test_a_verdict_says_why_and_why_not(web, redis):
    points = write_history(redis, "app.latency", spike_at=600)
    hot = web.json("/api/verdict", metric="app.latency", at=points[600][0] + 3)
    assert hot["verdict"]["t"] == points[600][0] and hot["verdict"]["state"] == "ANOMALOUS"
    assert hot["verdict"]["direction"] == "up" and hot["why"].startswith("Anomalous: 900 is above the expected ")
    assert hot["episode"]["start"] == points[600][0]
    assert hot["source"] == "replayed from the start of the tail" and hot["resolution"] == STEP
    assert {o["name"] for o in hot["options"]} >= {"median", "consensus", "score_to_open", "close_after"}
    assert web.json("/api/verdict", metric="app.latency", at=points[599][0])["why"].startswith("Normal: ")
    early = web.json("/api/verdict", metric="app.latency", at=points[20][0])
    assert early["verdict"]["state"] == "WARMING_UP" and early["why"].startswith("Warming up: ")
    stale = web.json("/api/verdict", metric="app.latency", at=points[-1][0] + 86400)
    assert stale["verdict"]["state"] == "STALE" and "no point has come for 1d" in stale["why"]
    assert "no stored point" in web.get("/api/verdict", expect=404, metric="app.latency", at=points[0][0] - 1).text

    web.save("app.**", {"score_to_open": 100, "consensus": 5})
    assert web.json("/api/verdict", metric="app.latency", at=points[600][0])["verdict"]["state"] == "NORMAL"


def test_a_silence_ends_the_episode_that_a_verdict_tells(web, redis):
    points = write_history(redis, "app.latency", spike_at=699)
    last_t = points[-1][0]
    assert web.json("/api/verdict", metric="app.latency", at=last_t + 30)["episode"]["start"] == last_t
    assert web.json("/api/verdict", metric="app.latency", at=last_t + 86400)["episode"] is None


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
    assert answer["total"] == 6 and [m["name"] for m in answer["metrics"]] == ["servers.db1.cpu", "servers.db1.disk.used"]
    assert answer["metrics"][0] == {"name": "servers.db1.cpu", "last": now - 10, "value": 4.5, "state": "ANOMALOUS"}
    assert answer["metrics"][1]["state"] == "UNKNOWN"

    redis.srem("metrics.unique_metrics", "metrics.servers.db1.cpu")
    wait_for("a forgotten name to go", lambda: web.json("/api/metrics")["total"] == 5)


def test_ten_thousand_names_are_listed_sorted_and_once(web, redis):
    wanted = sorted((f"m{i % 97}.x{i}" for i in range(10_000)), key=str.encode)
    redis.sadd("metrics.unique_metrics", *("metrics." + name for name in wanted), "not.a.metric", b"metrics.\xff", "metrics.")
    wait_for("the names", lambda: web.json("/api/metrics")["total"] == 10_000)
    assert [m["name"] for m in web.json("/api/metrics", limit=1000)["metrics"]] == wanted[:1000]


def test_names_are_listed_whatever_stands_in_an_event_stream(web, redis):
    redis.set("ridgeline:events:5", "not a stream")
    write_points(redis, "app.latency", [(1000, 1.0)])
    wait_for("the name", lambda: web.json("/api/metrics")["total"] == 1, patience_s=20)


def test_a_list_of_names_is_whole_after_redis_restarted_within_a_walk(web, redis, redis_server):
    redis.sadd("metrics.unique_metrics", *(f"metrics.m{i}" for i in range(100_000)))  # a walk of three seconds
    redis.save()
    wait_for("the names", lambda: web.json("/api/metrics", limit=1)["total"] == 100_000)
    for pause_s in (0.3, 1.4, 0.7):
        time.sleep(pause_s)
        redis_server.kill()
        redis_server.start()
    until, seen = time.monotonic() + 9, set()
    while time.monotonic() < until:
        r = requests.get(web.page + "/api/metrics", params={"limit": 1, "query": "m1"}, timeout=30)
        if r.status_code == 200:
            seen.add(r.json()["total"])
        time.sleep(0.2)
    assert seen == {11_111}


def test_a_pattern_that_takes_too_long_is_refused(web, redis):
    redis.sadd("metrics.unique_metrics", *("metrics." + "a" * 1000 + str(i) for i in range(20_000)))
    wait_for("the names", lambda: web.json("/api/metrics", limit=1)["total"] == 20_000)
    began = time.monotonic()
    web.get("/api/metrics", expect=400, query="{" + ",".join(["**a"] * 120) + "}")
    assert time.monotonic() - began < 10
    assert web.json("/api/metrics", query="**a1", limit=1)["total"] == 1


# ---- options and overrides

def test_options_tell_which_source_gave_each_value(start):
    web = start(more='detection: { consensus = 3; };\nrules = ( { match = "stats.*"; median = 6.0; } );')
    options = {o["name"]: o for o in web.json("/api/options", metric="stats.a")["options"]}
    assert (options["median"]["value"], options["median"]["source"]) == (6.0, "rule")
    assert options["median"]["origin"].startswith("rule stats.* (webapp-")
    assert (options["consensus"]["value"], options["consensus"]["source"]) == (3, "detection")
    assert options["score_to_open"]["source"] == "default" and options["close_after"]["type"] == "duration"
    for o in options.values():
        choice = o["type"] == "choice"
        assert o["value"] in o["choices"] if choice else o["min"] <= o["value"] <= o["max"] and not o["choices"]
        assert o["help"]
    web.save("stats.**", {"median": 7.5})
    answer = web.json("/api/options", metric="stats.a")
    options = {o["name"]: o for o in answer["options"]}
    assert (options["median"]["value"], options["median"]["origin"]) == (7.5, "override stats.**")
    assert [o["match"] for o in answer["overrides"]] == ["stats.**"]
    by_glob = {o["name"]: o for o in web.json("/api/options", match="stats.*")["options"]}
    assert by_glob["median"]["value"] == 7.5
    assert web.json("/api/options", metric="other")["overrides"] == []
    web.save("a.[xy]", {"median": 8})
    answer = web.json("/api/options", match="a.[xy]")
    assert {o["name"]: o["value"] for o in answer["options"]}["median"] == 8
    assert [o["match"] for o in answer["overrides"]] == ["a.[xy]"]


def test_overrides_merge_win_by_age_and_go_away(web, redis):
    assert web.json("/api/overrides") == {"version": 0, "overrides": []}
    web.save("a.*", {"median": 5, "consensus": 2})
    web.save("a.b", {"median": 6})
    answer = web.save("a.*", {"median": None, "score_to_open": 70.5})
    assert [(o["match"], o["options"]) for o in answer["overrides"]] == [
        ("a.b", {"median": 6}), ("a.*", {"consensus": 2, "score_to_open": 70.5})]
    assert answer["version"] == 3 and abs(answer["overrides"][1]["saved_at"] - time.time()) < 10
    assert web.json("/api/overrides") == answer
    assert json.loads(redis.hget("ridgeline:overrides", "list")) == answer["overrides"]
    text = web.get("/api/overrides/export")
    assert text.headers["Content-Type"].startswith("text/plain")
    assert 'match = "a.*"' in text.text and "score_to_open = 70.5" in text.text

    assert [o["match"] for o in web.save("a.b", {"median": None})["overrides"]] == ["a.*"]
    assert web.remove("a.*")["overrides"] == []
    web.remove("a.*", expect=404)
    assert web.json("/api/overrides") == {"version": 5, "overrides": []}


def test_exported_overrides_are_settings(start):
    web = start()
    web.save('odd"\\.{a,b}', {"median": 5.25, "close_after": 5400})
    exported = web.get("/api/overrides/export").text
    web.remove('odd"\\.{a,b}')
    other = start(more=exported)
    options = {o["name"]: o for o in other.json("/api/options", metric='odd"\\.a')["options"]}
    assert (options["median"]["value"], options["close_after"]["value"], options["median"]["source"]) == (5.25, 5400, "rule")


@pytest.mark.parametrize("body", [
    b"", b"{", b"[]", b"null", b"\xff", b'{"match":"a"}', b'{"match":"a","options":{}}', b'{"match":"a","options":[]}',
    b'{"match":"a[","options":{"median":5}}', b'{"match":"","options":{"median":5}}',
    b'{"match":"a","options":{"median":"5"}}', b'{"match":"a","options":{"median":0}}',
    b'{"match":"a","options":{"median":1e999}}', b'{"match":"a","options":{"consensus":1.5}}',
    b'{"match":"a","options":{"nope":5}}', b'{"match":"a","options":{"median":5},"more":1}',
    b'{"match":"a","match":"b","options":{"median":5}}', b'{"match":"a\\u0000b","options":{"median":5}}',
    b'{"match":"a\\nb","options":{"median":5}}', b'{"match":3,"options":{"median":5}}'])
def test_bad_overrides_are_refused_and_change_nothing(web, redis, body):
    web.save("kept", {"median": 5})
    before = redis.hgetall("ridgeline:overrides")
    status, _, answer = web.raw("POST", "/api/overrides", {"X-Ridgeline-Token": web.token()}, body)
    assert status == 400 and json.loads(answer)["error"], answer
    assert redis.hgetall("ridgeline:overrides") == before


def test_a_choice_is_saved_by_its_name(web):
    assert web.save("a.*", {"ensemble": "skyline"})["overrides"][0]["options"] == {"ensemble": "skyline"}
    options = {o["name"]: o for o in web.json("/api/options", metric="a.b")["options"]}
    assert options["ensemble"]["value"] == "skyline" and options["ensemble"]["choices"] == ["ridgeline", "skyline"]
    web.save("a.*", {"ensemble": "horoscope"}, expect=400)


@pytest.mark.parametrize("ensemble", ["skyline", 1])
def test_skyline_is_refused_where_less_than_its_day_is_kept(start, ensemble):
    web = start(more='retention = "10s:12h";')
    assert "needs a day" in web.save("a.*", {"ensemble": ensemble}, expect=400)["error"]
    web.save("a.*", {"ensemble": "ridgeline"})


def test_overrides_of_another_release_are_not_wiped_by_a_change(web, redis):
    text = json.dumps([{"match": "a", "saved_at": 1, "options": {"median": 5, "of_a_later_release": 1}}])
    redis.hset("ridgeline:overrides", mapping={"version": 7, "list": text})
    assert web.json("/api/overrides")["overrides"] == []
    web.save("b", {"median": 6}, expect=409)
    web.remove("a", expect=409)
    assert redis.hgetall("ridgeline:overrides") == {b"version": b"7", b"list": text.encode()}


def test_overrides_saved_at_once_all_get_in(web):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        done = [pool.submit(web.save, f"m{i}", {"consensus": 2}) for i in range(40)]
        # A change may be told to try again; none may be lost or said to be saved when it is not.
        saved = {f"m{i}" for i, d in enumerate(done) if not d.exception()}
    assert {o["match"] for o in web.json("/api/overrides")["overrides"]} == saved and len(saved) >= 30


# ---- health and metrics

def write_stats(redis, process, age_s=0, **fields):
    now = time.time() - age_s
    values = {"pid": 42, "generation": 3, "started": int(now) - 100, "saved_at_ms": int(now * 1000), **fields}
    redis.hset(f"ridgeline:stats:{process}", mapping=values)
    redis.hset("ridgeline:processes", process, int(now))


def test_health_sums_what_the_processes_say(web, redis):
    senders = [{"address": "10.0.0.1", "listener": "line_tcp", "received": 60}]
    write_stats(redis, "horizon", received=100, accepted=90, rejected=10, stored=80, queued=7, dropped=3, metrics=500,
                connections=2, senders=json.dumps(senders),
                **{"received|listener=line_tcp": 60, "received|listener=pickle": 40, "rejected|reason=malformed": 10})
    write_stats(redis, "roomba")
    write_stats(redis, "alerter")
    write_stats(redis, "analyzer", workers=2)
    write_stats(redis, "analyzer.0", metrics=200, warming_up=20, lag_ms=30, open_anomalies=1, judged=5)
    write_stats(redis, "analyzer.1", metrics=300, warming_up=1, lag_ms=70, open_anomalies=2, judged=6)
    write_stats(redis, "analyzer.2", age_s=60, metrics=999, warming_up=999)
    write_stats(redis, "horizon@gone", age_s=90_000, received=5)
    h = web.json("/api/health")
    assert h["status"] == "ok" and h["problems"] == [] and h["redis"]["up"] and h["redis"]["used_memory_bytes"] > 100_000
    assert [h[k] for k in ("received", "accepted", "rejected", "stored", "queued", "dropped")] == [100, 90, 10, 80, 7, 3]
    assert (h["metrics"], h["warming_up"], h["lag_ms"], h["open_anomalies"], h["judged"]) == (500, 21, 70, 3, 11)
    assert h["listeners"] == {"line_tcp": 60, "pickle": 40} and h["rejections"]["malformed"] == 10
    assert h["senders"] == senders and h["settings"]["page"] == web.page
    processes = {p["name"]: p for p in h["processes"]}
    assert "horizon@gone" not in processes and processes["analyzer.2"]["alive"] is False
    assert processes["horizon"]["counters"]["stored"] == 80 and processes["horizon"]["generation"] == 3

    time.sleep(3)
    write_stats(redis, "horizon", received=700)
    wait_for("a rate", lambda: web.json("/api/health")["points_per_second"])
    write_stats(redis, "roomba", age_s=30)
    h = web.json("/api/health")
    assert h["status"] == "degraded" and any("roomba" in p for p in h["problems"])


def test_a_process_that_was_silent_for_a_while_makes_no_rate(web, redis):
    write_stats(redis, "horizon", age_s=60, received=10_000_000)
    write_stats(redis, "analyzer.0", age_s=60, judged=10_000_000)
    stream = Stream(web)
    stream.next("status")
    stream.next("status")
    write_stats(redis, "horizon", received=10_000_000)
    write_stats(redis, "analyzer.0", judged=10_000_000)
    received = []
    for _ in range(3):
        h = stream.next("status")[2]
        assert not h["points_per_second"] and not h["judged_per_second"], h
        received.append(h["received"])
    assert 10_000_000 in received
    stream.close()


def test_a_full_redis_is_told_and_not_taken_for_dead_processes(web, redis):
    redis.config_set("maxmemory", redis.info()["used_memory"])
    health = wait_for("the problem", lambda: (h := web.json("/api/health"))["status"] == "degraded" and h)
    redis.config_set("maxmemory", 0)
    assert any("maxmemory" in sentence for sentence in health["problems"])
    assert not any("not running" in sentence for sentence in health["problems"])


def test_metrics_are_prometheus_text(web, redis):
    write_stats(redis, "horizon", received=100, queued=7, junk="not a number",
                **{"received|listener=line_tcp": 60, 'received|listener=a"b\\c\nd': 40, "received|9=x": 1,
                   "rejected|reason=malformed": 10})
    write_stats(redis, "analyzer.0", judged=5)
    write_stats(redis, "analyzer.1", judged=6)
    write_stats(redis, 'horizon@"x\\', received=1)
    r = web.get("/metrics")
    assert r.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    lines = r.text.splitlines()
    for line in ['ridgeline_redis_up 1', 'ridgeline_horizon_received_total{process="horizon"} 100',
                 'ridgeline_horizon_received_total{process="horizon",listener="line_tcp"} 60',
                 'ridgeline_horizon_rejected_total{process="horizon",reason="malformed"} 10',
                 'ridgeline_horizon_queued{process="horizon"} 7', 'ridgeline_worker_judged_total{process="analyzer.0"} 5',
                 'ridgeline_worker_judged_total{process="analyzer.1"} 6',
                 'ridgeline_horizon_received_total{process="horizon@\\"x\\\\"} 1',
                 '# TYPE ridgeline_horizon_received_total counter', '# TYPE ridgeline_horizon_queued gauge']:
        assert line in lines, line
    assert r.text.endswith("\n") and "not a number" not in r.text and "9=" not in r.text
    families = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(families) == len(set(families))
    current = None
    for line in lines:
        if line.startswith("# TYPE"):
            current = line.split()[2]
        elif not line.startswith("#"):
            assert line.split("{")[0].split(" ")[0] == current
            float(line.rsplit(" ", 1)[1])


def test_requests_errors_and_starts_are_counted(web, redis):
    for _ in range(5):
        web.get("/api/token")
    web.get("/api/nothing", expect=404)
    stats = "ridgeline:stats:webapp"
    wait_for("the counters", lambda: int(redis.hget(stats, "requests") or 0) >= 6)
    assert int(redis.hget(stats, "errors")) == 1 and int(redis.hget(stats, "generation")) == 1
    assert web.daemon.stop() == 0
    web.daemon.start()
    wait_for("the next start", lambda: redis.hget(stats, "generation") == b"2")


# ---- live events

class Stream:
    """Reads /api/events on a thread of its own; `next(name)` waits for an event of that name."""

    def __init__(self, web, last_event_id=None):
        headers = {} if last_event_id is None else {"Last-Event-ID": str(last_event_id)}
        self.response = requests.get(web.page + "/api/events", headers=headers, stream=True, timeout=30)
        self.events, self.comments, self.ended = queue.Queue(), [], threading.Event()
        self.status = self.response.status_code
        if self.status == 200:
            assert self.response.headers["Content-Type"] == "text/event-stream"
            threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        event = {}
        with contextlib.suppress(Exception):
            for line in self.response.iter_lines(chunk_size=1, decode_unicode=True):
                if line.startswith(":"):
                    self.comments.append(line)
                elif line:
                    field, _, value = line.partition(": ")
                    event[field] = value
                elif event:
                    if "event" in event:
                        self.events.put((event["event"], event.get("id"), json.loads(event["data"])))
                    event = {}
        self.ended.set()

    def next(self, name, patience_s=20):
        deadline = time.monotonic() + patience_s
        while True:
            got = self.events.get(timeout=max(0.01, deadline - time.monotonic()))
            if got[0] == name:
                return got

    def close(self):
        # response.close() would wait for the reading thread's next chunk.
        self.response.raw.connection.sock.shutdown(socket.SHUT_RDWR)


def test_anomalies_are_told_live_and_status_every_two_seconds(web, redis):
    now = int(time.time())
    stream = Stream(web)
    first = stream.next("status")[2]
    assert first["redis"]["up"] and set(first) == set(web.json("/api/health"))
    a = anomaly("live.<b>metric</b>", now - 10, now)
    began = time.monotonic()
    tell(redis, "open", a)
    _, event_id, data = stream.next("anomaly")
    assert time.monotonic() - began < 3 and int(event_id) > 0
    assert data["kind"] == "open" and data["anomaly"]["metric"] == a["metric"] and data["anomaly"]["id"] == a["id"]
    tell(redis, "close", a)
    assert stream.next("anomaly")[2]["kind"] == "close"
    stream.next("status")
    stream.close()


def test_a_stream_gets_a_comment_every_fifteen_seconds(web):
    stream = Stream(web)
    wait_for("a heartbeat", lambda: stream.comments, patience_s=25)
    assert stream.comments == [": alive"]
    stream.close()


def test_a_stream_that_comes_back_gets_what_it_missed(web, redis):
    now = int(time.time())
    stream = Stream(web)
    tell(redis, "open", anomaly("m0", now, now))
    seen = stream.next("anomaly")[1]
    stream.close()
    for i in range(1, 6):
        tell(redis, "open", anomaly("m5", now + i, now + i))
    wait_for("the events", lambda: int(redis.hget("ridgeline:stats:webapp", "events_sent") or 0) == 6)
    again = Stream(web, seen)
    assert [again.next("anomaly")[2]["anomaly"]["start"] for _ in range(5)] == [now + i for i in range(1, 6)]
    again.close()
    for unknown in ["1", "0", "junk", "99999999999999999999", str(int(seen) + 1000)]:
        other = Stream(web, unknown)
        other.next("lost")
        tell(redis, "open", anomaly("m6", now, now))
        assert other.next("anomaly")[2]["anomaly"]["metric"] == "m6"
        other.close()


def test_streams_beyond_the_limit_are_refused_and_places_come_free(start):
    web = start(webapp="max_event_streams = 2;")
    streams = [Stream(web), Stream(web)]
    for stream in streams:
        stream.next("status")
    assert Stream(web).status == 503
    assert requests.head(web.page + "/api/events", timeout=30).status_code == 200
    streams[0].close()
    wait_for("a free place", lambda: Stream(web).status == 200)
    streams[1].close()


def test_a_client_that_reads_nothing_stops_nobody(web, redis):
    deaf = socket.create_connection(("127.0.0.1", web.port))
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.sendall(f"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1:{web.port}\r\n\r\n".encode())
    stream = Stream(web)
    stream.next("status")
    now = int(time.time())
    for i in range(3000):
        tell(redis, "update", anomaly("flood", now, now + i))
    last = None
    while last != now + 2999:
        last = stream.next("anomaly")[2]["anomaly"]["end"]
    deaf.close()
    stream.close()


def test_sigterm_ends_streams_and_the_process_within_a_second(web):
    streams = [Stream(web) for _ in range(10)]
    for stream in streams:
        stream.next("status")
    began = time.monotonic()
    assert web.daemon.stop() == 0
    assert time.monotonic() - began < 1.5
    for stream in streams:
        assert stream.ended.wait(5)


# ---- many clients, and a Redis that goes away

def test_many_requests_at_once_are_all_answered(web, redis):
    points = write_history(redis, "app.busy", n=400, spike_at=350)
    for i in range(30):
        tell(redis, "open", anomaly(f"m{i}", points[-1][0], points[-1][0]))
    calls = [("/api/series", {"metric": "app.busy"}), ("/api/anomalies", {"state": "all"}), ("/api/health", {}),
             ("/api/verdict", {"metric": "app.busy"}), ("/metrics", {}), ("/", {}), ("/api/metrics", {}),
             ("/api/options", {"metric": "a"})]
    with concurrent.futures.ThreadPoolExecutor(24) as pool:
        answers = list(pool.map(lambda i: requests.get(web.page + calls[i % len(calls)][0], timeout=60,
                                                       params=calls[i % len(calls)][1]).status_code, range(240)))
    assert set(answers) == {200}


def test_connections_beyond_the_limit_wait_and_are_served(start):
    web = start(webapp="max_connections = 8; max_event_streams = 4;")
    idle = [socket.create_connection(("127.0.0.1", web.port)) for _ in range(20)]
    for s in idle:
        s.close()
    web.get("/api/health")


def test_many_idle_clients_leave_redis_its_descriptors(start, redis_server):
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, before[1]))
    try:
        web = start()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    idle = [socket.create_connection(("127.0.0.1", web.port)) for _ in range(100)]
    redis_server.kill()
    redis_server.start()
    began = time.monotonic()
    wait_for("an answer", lambda: web.raw("GET", "/api/anomalies")[0] == 200)
    assert time.monotonic() - began < 20  # and not only once idle clients are thrown out
    for s in idle:
        s.close()


def test_redis_away_is_told_and_comes_back(web, redis_server, redis):
    write_history(redis, "app.latency")
    stream = Stream(web)
    stream.next("status")
    redis_server.kill()
    for path, parameters in [("/api/anomalies", {}), ("/api/series", {"metric": "a"}), ("/api/verdict", {"metric": "a"}),
                             ("/api/options", {"metric": "a"}), ("/api/overrides", {}), ("/api/overrides/export", {})]:
        web.get(path, expect=503, **parameters)
    down = web.get("/api/health", expect=503).json()
    assert down["status"] == "down" and down["redis"] == {"up": False} and down["settings"]["page"] == web.page
    assert web.get("/metrics").text.splitlines()[-1] == "ridgeline_redis_up 0"
    assert web.get("/").content and web.token()
    wait_for("the stream to tell", lambda: stream.next("status")[2]["status"] == "down")
    web.save("a", {"median": 5}, expect=503)

    redis_server.start()
    wait_for("an answer", lambda: requests.get(web.page + "/api/anomalies", timeout=30).status_code == 200)
    wait_for("the stream to tell", lambda: stream.next("status")[2]["redis"]["up"])
    now = int(time.time())
    tell(redis_server.client, "open", anomaly("after", now, now))
    assert stream.next("anomaly")[2]["anomaly"]["metric"] == "after"
    stream.close()


def test_a_hung_redis_delays_but_does_not_hold(web, redis_server):
    redis_server.process.send_signal(19)  # SIGSTOP
    try:
        began = time.monotonic()
        web.get("/api/anomalies", expect=503)
        assert time.monotonic() - began < 8
        assert web.get("/").content
    finally:
        redis_server.process.send_signal(18)  # SIGCONT
    wait_for("an answer", lambda: requests.get(web.page + "/api/anomalies", timeout=30).status_code == 200)


def test_sighup_gets_its_turn_among_many_requests(web, redis):
    now = int(time.time())
    redis.set("metrics.long", b"".join(canonical(now - 150_000 + i, i % 7919) for i in range(150_000)))
    stop = threading.Event()

    def ask():
        while not stop.is_set():
            web.json("/api/verdict", metric="long")

    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        asking = [pool.submit(ask) for _ in range(12)]
        try:
            time.sleep(1)
            web.daemon.process.send_signal(1)
            wait_for("the settings", lambda: web.daemon.logged("event=settings_reloaded"), patience_s=20)
        finally:
            stop.set()
        for a in asking:
            a.result()


def test_sighup_takes_new_rules_and_keeps_the_old_ones_on_an_error(web):
    settings = web.daemon.settings
    good = settings.read_text()

    def median():
        return {o["name"]: o for o in web.json("/api/options", metric="a")["options"]}["median"]["value"]

    settings.write_text(good + 'rules = ( { match = "a"; median = 9.0; } );')
    web.daemon.process.send_signal(1)
    wait_for("the new rule", lambda: median() == 9.0)
    settings.write_text(settings.read_text().replace(f":{web.port}", ":1"))
    web.daemon.process.send_signal(1)
    wait_for("the warning", lambda: web.daemon.logged("event=restart_needed group=webapp"))
    settings.write_text(good + "rules = (")
    web.daemon.process.send_signal(1)
    wait_for("the complaint", lambda: web.daemon.logged("event=settings_rejected"))
    assert median() == 9.0

"""Previews of changed options: the webapp alone, on points as horizon writes them."""
import contextlib
import json
import random
import select
import socket
import time

import pytest
import requests

from conftest import PATIENCE_S, RAW_DAY, wait_for, write_settings
from importing import DAY, ROLLED_UP, SETTINGS, newest, rolled_up, run_import, shop, write_csv  # noqa: F401
from webapp import start, write_points  # noqa: F401: `start` is a fixture

STEP_S = 60
POINTS = 24 * 60
SPAN_S = 24 * 3600
HOUR = 60  # points
DAY_AT_10_S = 8640  # points
LONG_ONES = 6  # metrics whose preview takes longer than it may


@pytest.fixture
def web(start):  # noqa: F811
    return start(more=RAW_DAY)


def preview(web, match, options, expect=200, **more):
    r = requests.post(web.page + "/api/preview", json={"match": match, "options": options, **more},
                      headers={"X-Ridgeline-Token": web.token()}, timeout=PATIENCE_S)
    assert r.status_code == expect, r.text[:500]
    return r.json()


def write_day(redis, name, spikes=(), n=POINTS, step_s=STEP_S):
    """A day of noise about 100, deviation 1, up to now; `spikes` is [(index, value)]. Returns the points."""
    noise = random.Random(name)
    now = int(time.time()) // step_s * step_s
    points = [(now - (n - 1 - i) * step_s, 100 + noise.gauss(0, 1)) for i in range(n)]
    for at, value in spikes:
        points[at] = (points[at][0], value)
    write_points(redis, name, points)
    return points


def starts(spans):
    return sorted(span["start"] for span in spans)


def counters(redis, name):
    return int(redis.hget("ridgeline:stats:webapp", name) or 0)


# ---- one metric

def test_a_higher_threshold_would_not_have_opened_a_weak_spike(web, redis):
    points = write_day(redis, "app.latency", [(10 * HOUR, 109.0), (16 * HOUR, 300.0)])
    weak_t, strong_t = points[10 * HOUR][0], points[16 * HOUR][0]
    told = preview(web, "app.latency", {"sensitivity": 0.5, "score_to_open": 95})
    assert [span["start"] for span in told["gone"]] == [weak_t] and told["new"] == []
    assert (told["before"]["anomalies"], told["after"]["anomalies"], told["kept"]) == (2, 1, 1)
    assert (told["gone_total"], told["new_total"]) == (1, 0)
    gone, = told["gone"]
    assert gone["metric"] == "app.latency" and gone["end"] >= weak_t and 50 <= gone["score"] < 95
    assert (told["metrics"], told["sampled_of"], told["truncated"], told["estimated"]) == (1, 1, False, False)
    assert told["from"] >= points[0][0] + 3600, "it warms up"
    assert abs(told["until"] - time.time()) < 30
    assert "expected" not in told

    # Nothing was saved, and what is saved is what was previewed.
    assert web.json("/api/overrides") == {"version": 0, "overrides": []}
    web.save("app.latency", {"sensitivity": 0.5, "score_to_open": 95})
    drawn = preview(web, "app.latency", {"consensus": 2}, metric="app.latency")
    assert starts(drawn["anomalies"]) == [strong_t] and drawn["before"] == drawn["after"] == {"anomalies": 1}
    assert preview(web, "app.latency", {"sensitivity": None, "score_to_open": None})["new"][0]["start"] == weak_t


def test_a_lower_threshold_opens_new_ones(web, redis):
    points = write_day(redis, "app.latency", [(16 * HOUR, 300.0), (20 * HOUR, 109.0)])
    web.save("app.*", {"sensitivity": 0.5, "score_to_open": 95})
    told = preview(web, "app.latency", {"sensitivity": 1, "score_to_open": 50})
    assert (told["before"], told["after"]) == ({"anomalies": 1}, {"anomalies": 2})
    assert (told["kept"], told["gone"], starts(told["new"])) == (1, [], [points[20 * HOUR][0]])


def test_many_new_ones_are_counted_and_the_strongest_listed(web, redis):
    at = range(2 * HOUR, 100 * HOUR, 45)
    write_day(redis, "app.busy", [(i, 200.0 + i) for i in at], n=100 * HOUR)
    web.save("app.*", {"score_to_open": 100, "consensus": 7, "flat": 0, "dropout": 0})
    wait_for("the name", lambda: web.json("/api/metrics")["total"] == 1)
    told = preview(web, "app.*", {"score_to_open": 20, "consensus": 1, "close_after": 300}, span_s=5 * SPAN_S)
    assert told["new_total"] == told["after"]["anomalies"] - told["kept"] >= len(told["new"])
    assert len(told["new"]) == min(100, told["new_total"])
    scores = [span["score"] for span in told["new"]]
    assert scores == sorted(scores, reverse=True)


def test_the_chart_is_redrawn_with_the_changed_band_and_scores(web, redis):
    points = write_day(redis, "app.latency", [(16 * HOUR, 300.0)])
    present = web.json("/api/series", metric="app.latency")
    same = preview(web, "app.latency", {"min_change": 0}, metric="app.latency", span_s=2 * SPAN_S)
    assert same["expected"] == present["expected"] and same["scores"] == present["scores"]
    anomaly, = same["anomalies"]
    assert (anomaly["start"], anomaly["state"]) == (points[16 * HOUR][0], "closed")
    narrow = preview(web, "app.latency", {"sensitivity": 2}, metric="app.latency", span_s=2 * SPAN_S)
    for (t, expected, lower, upper), (t2, expected2, lower2, upper2) in zip(same["expected"], narrow["expected"]):
        assert t == t2 and expected == expected2
        assert upper2 - lower2 == pytest.approx((upper - lower) / 2)
    # Of a shorter span only its part; a metric that the glob does not match has no chart.
    hour = preview(web, "app.*", {"sensitivity": 2}, metric="app.latency", span_s=3600)
    assert 50 <= len(hour["expected"]) <= 61 and hour["expected"] == narrow["expected"][-len(hour["expected"]):]
    assert hour["before"] == {"anomalies": 0}
    other = preview(web, "app.latency", {"sensitivity": 2}, metric="other")
    assert other["expected"] == other["scores"] == other["anomalies"] == [] and other["metrics"] == 1


def test_a_preview_begins_with_what_was_learnt_before(start, redis, tmp_path):  # noqa: F811
    """The saved record holds the season of two weeks: nothing warms up, and the band is the live one's."""
    points = shop(1, newest(), fault=None)
    spike_t = points[-600][0]
    points[-600] = (spike_t, 1000.0)
    run_import("--settings", write_settings(tmp_path / "import.conf", SETTINGS), "--redis", f"unix:{redis.sock}",
               write_csv(tmp_path / "shop.orders.csv", points))
    web = start(more='retention = "60s:24h";')
    told = preview(web, "shop.orders", {"direction": "down"}, metric="shop.orders")
    assert spike_t in starts(told["gone"]) and told["from"] <= time.time() - SPAN_S + 600
    present = web.json("/api/series", metric="shop.orders", **{"from": told["from"]})
    assert told["expected"] == present["expected"][:len(told["expected"])] and len(told["expected"]) > 1000


def test_beyond_the_raw_points_a_preview_is_estimated_from_means(start, rolled_up):  # noqa: F811
    fault, points = rolled_up
    web = start(more=ROLLED_UP)
    told = preview(web, "shop.orders", {"direction": "down"}, metric="shop.orders", span_s=7 * DAY)
    assert told["estimated"] and told["resolution_s"] == 600 and told["metrics"] == 1
    [gone] = [span for span in told["gone"] if span["start"] < fault + 3600 and span["end"] >= fault]
    assert gone["state"] == "closed" and gone["score"] >= 50 and told["gone_total"] >= 1 and told["new"] == []
    assert 0 <= told["from"] - (points[-1][0] - 7 * DAY) < 1200
    present = web.json("/api/series", metric="shop.orders", **{"from": told["from"]})
    assert told["expected"] == present["expected"] and len(told["expected"]) > 6 * 144 + 300
    same = preview(web, "shop.orders", {"min_change": 0}, metric="shop.orders", span_s=7 * DAY)
    assert same["before"] == same["after"] == told["before"] and same["kept"] == same["before"]["anomalies"]
    assert any(span["start"] <= fault + 1200 and span["end"] >= fault for span in same["anomalies"])
    lately = preview(web, "shop.orders", {"direction": "down"}, span_s=3600)
    assert not lately["estimated"] and lately["resolution_s"] is None
    apart = preview(web, "shop.orders", {"season": "none"}, metric="shop.orders", span_s=7 * DAY)
    assert apart["estimated"] and len(apart["expected"]) == len(told["expected"])


def test_skylines_nine_are_previewed_until_the_time_is_up(web, redis):
    points = write_day(redis, "app.slow", [(40 * HOUR, 300.0)], n=2 * POINTS)
    told = preview(web, "app.slow", {"ensemble": "skyline"}, metric="app.slow")
    assert told["metrics"] == 1 and told["from"] < told["until"]
    assert told["gone"] == [] and points[40 * HOUR][0] in starts(told["anomalies"])
    write_day(redis, "app.fast", n=3 * DAY_AT_10_S, step_s=10)
    told = preview(web, "app.fast", {"ensemble": "skyline"}, metric="app.fast", span_s=4 * SPAN_S)
    if told["truncated"]:  # only what both sides have judged is told
        assert told["until"] < time.time() - 60 and told["scores"][-1][0] == told["until"]


def test_what_only_one_side_could_judge_is_not_compared(web, redis):
    points = write_day(redis, "app.young", [(10 * HOUR, 300.0)])
    told = preview(web, "app.young", {"ensemble": "skyline"})  # which looks at a whole day before each point
    assert points[10 * HOUR][0] not in starts(told["gone"]) and told["before"] == {"anomalies": 0}
    hour = write_day(redis, "app.infant", [(50, 300.0)], n=60)
    told = preview(web, "app.infant", {"sensitivity": 2}, metric="app.infant")
    assert (told["metrics"], told["warming_up"], told["expected"]) == (0, 1, []) and len(hour) == 60


# ---- a glob

def test_of_a_glob_a_sample_of_all_metrics_is_judged(web, redis):
    hot = {f"shop.{i:03}.rate": 300.0 if i % 3 == 0 else 109.0 if i % 3 == 1 else None for i in range(300)}
    for name, value in hot.items():
        write_day(redis, name, [] if value is None else [(300, value)], n=400)
    write_day(redis, "other.rate", [(300, 300.0)], n=400)
    wait_for("the names", lambda: web.json("/api/metrics")["total"] == 301)
    told = preview(web, "shop.*.rate", {"sensitivity": 0.5, "score_to_open": 95})
    assert told["sampled_of"] == 300
    if not told["truncated"]:  # on a slow machine the five seconds may not do
        assert told["metrics"] == 300 and told["before"]["anomalies"] >= 150
        assert told["kept"] >= 90 and told["gone_total"] >= 50
    assert told["before"]["anomalies"] == told["kept"] + told["gone_total"]
    assert len(told["gone"]) == min(100, told["gone_total"])
    assert {span["metric"] for span in told["gone"]} <= set(hot)
    # An override of the change's own glob alone is changed: that of one metric, saved later, still wins.
    web.save("shop.*.rate", {"score_to_open": 60})
    web.save("shop.000.rate", {"flat": 0})
    assert preview(web, "other.rate", {"score_to_open": 100, "consensus": 7})["gone_total"] == 1


def test_a_key_that_is_no_series_costs_only_itself(web, redis):
    points = write_day(redis, "mix.good", [(600, 300.0)])
    redis.lpush("metrics.mix.list", "x")
    redis.set("metrics.mix.junk", b"\xc1" * 1000)
    for name in ("mix.list", "mix.junk", "mix.gone"):
        redis.sadd("metrics.unique_metrics", "metrics." + name)
    wait_for("the names", lambda: web.json("/api/metrics")["total"] == 4)
    told = preview(web, "mix.*", {"score_to_open": 100, "consensus": 7})
    assert (told["metrics"], told["sampled_of"]) == (1, 4) and starts(told["gone"]) == [points[600][0]]


def test_a_metric_is_previewed_before_its_name_is_listed(web, redis):
    name = "odd[*]{name}?"
    write_day(redis, name, [(600, 300.0)])
    redis.srem("metrics.unique_metrics", "metrics." + name)
    literal = "odd[[][*][]][{]name[}][?]"
    told = preview(web, literal, {"score_to_open": 100, "consensus": 7}, metric=name)
    assert (told["metrics"], told["sampled_of"]) == (1, 1) and told["gone"][0]["metric"] == name


def test_where_nothing_matches_that_is_told(web, redis):
    for match in ("no.such", "no.**"):
        assert "no metric" in preview(web, match, {"median": 5}, expect=404)["error"]


# ---- who may ask, and for what

BAD = [b"", b"{", b"[]", b"\xff", b'{"match":"a"}', b'{"match":"a","options":{}}',
       b'{"match":"a","options":{"nope":5}}',
       b'{"match":"a[","options":{"median":5}}', b'{"match":"a","options":{"median":1e999}}',
       b'{"match":"a","options":{"median":0}}', b'{"match":"a","options":[]}',
       b'{"match":"a","options":{"ensemble":"tarot"}}',
       b'{"match":"a","options":{"median":5},"span_s":0}', b'{"match":"a","options":{"median":5},"span_s":1e9}',
       b'{"match":"a","options":{"median":5},"metric":"a\\nb"}', b'{"match":"a","options":{"median":5},"more":1}',
       b'{"match":"a\\u0000","options":{"median":5}}', b"[" * 60_000]


@pytest.mark.parametrize("body", BAD)
def test_a_bad_preview_is_refused_with_a_sentence(web, body):
    status, _, answer = web.raw("POST", "/api/preview", {"X-Ridgeline-Token": web.token()}, body)
    assert status == 400 and len(json.loads(answer)["error"]) > 10, answer


def test_a_preview_needs_the_token_and_our_origin(web, redis):
    body = b'{"match":"a","options":{"median":5}}'
    token = web.token()
    for headers in [{}, {"X-Ridgeline-Token": "0" * 32}, {"X-Ridgeline-Token": token, "Origin": "http://evil.example"}]:
        assert web.raw("POST", "/api/preview", headers, body)[0] == 403
    status, headers, _ = web.raw("GET", "/api/preview")
    assert (status, headers["Allow"]) == (405, "POST")
    assert web.raw("POST", "/api/preview?x=1", {"X-Ridgeline-Token": token}, body)[0] == 400
    assert web.raw("POST", "/api/preview", {"X-Ridgeline-Token": token}, b"x" * 70_000)[0] == 413


def test_skyline_is_refused_where_less_than_its_day_is_kept(start):  # noqa: F811
    web = start(more='retention = "10s:12h";')
    assert "needs a day" in preview(web, "a", {"ensemble": "skyline"}, expect=400)["error"]


def test_overrides_of_another_release_stay_and_have_no_preview(web, redis):
    text = json.dumps([{"match": "a", "saved_at": 1, "options": {"of_a_later_release": 1}}])
    redis.hset("ridgeline:overrides", mapping={"version": 7, "list": text})
    preview(web, "a", {"median": 5}, expect=409)


def test_redis_away_is_told(web, redis_server):
    redis_server.kill()
    preview(web, "a", {"median": 5}, expect=503)


# ---- previews that take long

@contextlib.contextmanager
def long_preview(web, token=None):
    """A preview that takes its five seconds, sent and not read."""
    body, token = json.dumps({"match": "long.*", "options": {"ensemble": "skyline"}}), token or web.token()
    with socket.create_connection(("127.0.0.1", web.port)) as s:
        s.sendall(f"POST /api/preview HTTP/1.1\r\nHost: 127.0.0.1:{web.port}\r\nX-Ridgeline-Token: {token}\r\n"
                  f"Content-Length: {len(body)}\r\n\r\n{body}".encode())
        yield s


@pytest.fixture
def long_ones(web, redis):
    for i in range(LONG_ONES):
        write_day(redis, f"long.{i}", n=3 * DAY_AT_10_S, step_s=10)
    wait_for("the names", lambda: web.json("/api/metrics")["total"] == LONG_ONES)


def status_of(s):
    s.settimeout(PATIENCE_S)
    return int(s.recv(20).split()[1])


def is_answered(s):
    return bool(select.select([s], [], [], 0)[0])


def test_a_client_that_goes_away_ends_its_preview(web, redis, long_ones):
    gone = 0
    for _ in range(6):
        with long_preview(web) as s:
            time.sleep(0.3)
            gone += not is_answered(s)
        wait_for("the preview to end", lambda: counters(redis, "previews_abandoned") == gone)
    assert gone > 0
    assert web.daemon.process.poll() is None


def test_two_run_four_wait_more_are_refused_and_all_else_is_answered(web, redis, long_ones):
    token = web.token()
    with contextlib.ExitStack() as stack:
        sent = [stack.enter_context(long_preview(web, token)) for _ in range(2)]
        time.sleep(0.5)  # they are begun before the others wait
        sent += [stack.enter_context(long_preview(web, token)) for _ in range(6)]
        # Every HTTP thread still answers.
        for _ in range(20):
            assert web.get("/api/overrides").json()["overrides"] == []
        refused = wait_for("two to be refused", lambda: (r := [s for s in sent[2:] if is_answered(s)])[1:] and r)
        assert [status_of(s) for s in refused] == [503, 503]
        waiting = [s for s in sent[2:] if s not in refused]
        wait_for("the count", lambda: counters(redis, "previews_refused") == 2)
        assert [status_of(s) for s in sent[:2]] == [200, 200]
        gone = [s for s in waiting if not is_answered(s)]
        for s in waiting:
            s.close()
        wait_for("the others to end", lambda: counters(redis, "previews_abandoned") == len(gone))
    assert preview(web, "long.1", {"consensus": 3})["metrics"] == 1


def test_a_long_preview_says_that_it_was_cut(web, long_ones):
    told = preview(web, "long.*", {"ensemble": "skyline"})
    assert told["truncated"] and told["metrics"] + told["warming_up"] < LONG_ONES == told["sampled_of"]


def test_the_settings_are_reloaded_while_a_preview_runs(web, long_ones):
    with long_preview(web) as s:
        time.sleep(0.3)
        web.daemon.process.send_signal(1)
        wait_for("the settings", lambda: web.daemon.logged("event=settings_reloaded"))
        assert status_of(s) == 200


def test_a_stop_does_not_wait_for_previews(web, long_ones):
    """Whatever else a busy machine does while it stops: the quickest of a few counts."""
    def stop_takes_s():
        with contextlib.ExitStack() as stack:
            for _ in range(5):
                stack.enter_context(long_preview(web))
            time.sleep(0.5)
            began = time.monotonic()
            assert web.daemon.stop() == 0
            took_s = time.monotonic() - began
        web.daemon.start()
        wait_for("the page", web.answers)
        return took_s

    assert any(stop_takes_s() < 4 for _ in range(5)), "a preview has five seconds"

"""The chart's data: the webapp alone, on points as horizon writes them."""
import time

import pytest

from webapp import STEP, anomaly, start, tell, web, write_history, write_points  # noqa: F401 (fixtures)


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


def test_lanes_tell_what_each_detector_said(web, redis):
    points = write_history(redis, "app.latency", spike_at=600)
    spike_t = points[600][0]
    assert "lanes" not in web.json("/api/series", metric="app.latency")
    told = web.json("/api/series", metric="app.latency", lanes=1, **{"from": points[200][0], "until": points[699][0]})
    verdict = web.json("/api/verdict", metric="app.latency", at=spike_t)["verdict"]
    assert [lane["detector"] for lane in told["lanes"]] == [f["detector"] for f in verdict["findings"]]
    for lane, finding in zip(told["lanes"], verdict["findings"]):
        assert lane["threshold"] == pytest.approx(finding["threshold"])
        assert [row[0] for row in lane["rows"]] == [t for t, _ in points[200:700]], "no coarser than it must be"
        t, statistic, vote, *reason = dict((row[0], row) for row in lane["rows"])[spike_t]
        assert (statistic, vote) == (pytest.approx(finding["statistic"]), finding["vote"])
        assert reason == ([finding["reason"]] if vote == "abstains" else [])


def test_lanes_have_600_rows_at_most_and_keep_every_vote(web, redis):
    now = int(time.time()) // STEP * STEP
    points = [(now - (4999 - i) * STEP, 100 + (i * 7919 % 13) / 10) for i in range(5000)]
    spikes = [points[i][0] for i in (1500, 3333, 4990)]
    write_points(redis, "app.long", [(t, 900.0 if t in spikes else v) for t, v in points])
    median = next(lane for lane in web.json("/api/series", metric="app.long", lanes=1)["lanes"]
                  if lane["detector"] == "median")
    assert 400 <= len(median["rows"]) <= 600
    yes = [row[0] for row in median["rows"] if row[2] == "yes"]
    assert set(spikes) <= set(yes)


def test_columns_leave_what_a_chart_of_so_many_can_show(web, redis):
    points = write_history(redis, "app.wide", n=3000, spike_at=2345)
    asked = {"from": points[1000][0], "until": points[2999][0]}
    whole, thin = web.json("/api/series", metric="app.wide", **asked), \
        web.json("/api/series", metric="app.wide", columns=100, **asked)
    assert "column_s" not in whole and thin["column_s"] == pytest.approx(20 * STEP, rel=0.01)
    kept = [t for t, _ in thin["points"]]
    assert 100 < len(kept) <= 202 and kept == sorted(set(kept))
    assert kept[0] == points[1000][0] and kept[-1] == points[2999][0] and points[2345][0] in kept
    assert thin["first"] == whole["first"] and thin["anomalies"] == whole["anomalies"]
    for name in ("points", "expected", "scores"):
        assert thin[name] == [row for row in whole[name] if row[0] in kept], name
    assert "column_s" not in web.json("/api/series", metric="app.wide", columns=1000, **asked)
    web.get("/api/series?metric=app.wide&columns=0", expect=400)


def test_an_answer_is_bounded_also_without_columns(web, redis):
    now = int(time.time())
    points = [(now - 40_000 + i, float(i % 97 if i != 31_234 else 5000)) for i in range(40_000)]
    write_points(redis, "app.seconds", points)
    told = web.json("/api/series", metric="app.seconds", judge=0)
    kept = dict(told["points"])
    assert 8192 <= len(kept) <= 2 * 8192 + 2 and told["column_s"] == pytest.approx(40_000 / 8192, rel=0.01)
    assert kept[points[31_234][0]] == 5000 and told["points"][0] == list(points[0])
    part = web.json("/api/series", metric="app.seconds", judge=0,
                    **{"from": points[20_000][0], "until": points[35_999][0]})
    assert part["points"] == [list(p) for p in points[20_000:36_000]] and "column_s" not in part


def test_without_judging_there_are_points_alone(web, redis):
    points = write_history(redis, "app.latency", spike_at=600)
    told = web.json("/api/series", metric="app.latency", judge=0, **{"from": points[10][0], "until": points[20][0]})
    assert set(told) == {"metric", "from", "until", "graph_url", "step", "first", "points", "envelope", "stretches"}
    assert told["points"] == [[t, pytest.approx(v)] for t, v in points[10:21]] and told["step"] == STEP
    assert told["first"] == points[0][0]
    for wrong in ({"judge": 0, "lanes": 1}, {"judge": 2}, {"lanes": "yes"}, {"from": 2, "until": 1}):
        web.get("/api/series", expect=400, metric="app.latency", **wrong)


def test_a_link_to_the_users_own_graph_is_made_of_the_settings(start, redis):  # noqa: F811
    name = "odd&name=<x>"
    points = write_history(redis, name)
    web = start('graph_url = "https://graphs.example/render?target={metric}&from={from}000&until={until}";')
    first, last = points[0][0], points[-1][0]
    told = web.json("/api/series", metric=name, judge=0, **{"from": first, "until": last})
    wanted = "https://graphs.example/render?target=odd%26name%3D%3Cx%3E&from="
    assert told["graph_url"] == f"{wanted}{first}000&until={last}"
    open_ended = web.json("/api/series", metric=name, judge=0)["graph_url"]
    assert open_ended.startswith(wanted + "0000&until=") and abs(int(open_ended.rsplit("=", 1)[1]) - time.time()) < 60
    assert start().json("/api/series", metric=name)["graph_url"] is None

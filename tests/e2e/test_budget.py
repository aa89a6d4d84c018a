"""The site's incident budget: which anomalies surface. The first tests write crossings as workers do, to a
webapp alone; the last one lets a whole run find real anomalies."""
import json
import signal
import time

import pytest

from conftest import wait_for
from webapp import Stream, anomaly, start, tell, write_points, write_stats  # noqa: F401, start is a fixture

SCORES = [55.5, 65, 75, 85, 95]


def crossings(redis, hours_ago=0, **changes):
    """crossings(redis, 3, at60=2): the hash of an hour, marked as measured."""
    key = f"ridgeline:crossings:{int(time.time()) // 3600 - hours_ago}"
    redis.hset(key, mapping={"0": 0, **{level.removeprefix("at"): change for level, change in changes.items()}})


def budget(web):
    return web.json("/api/health")["budget"]


def wait_score(web, score):
    return wait_for(f"surface score {score}", lambda: budget(web)["surface_score"] == score and budget(web))


def metrics(answer):
    return [a["metric"] for a in answer["anomalies"]]


def gauges(web):
    lines = [line.split() for line in web.get("/metrics").text.splitlines()]
    return {line[0].removeprefix("ridgeline_budget_"): float(line[1]) for line in lines
            if line[0].startswith("ridgeline_budget_")}


@pytest.fixture
def five(redis, start):  # noqa: F811
    """A webapp with a budget of 2 a day and five anomalies, m.55 to m.95, all of one hour."""
    def begin(more='incident_budget = "2/day";'):
        now = int(time.time())
        for score in SCORES:
            tell(redis, "open", anomaly(f"m.{int(score)}", now - 60, now, score=score))
        crossings(redis, at55=1, at65=1, at75=1, at85=1, at95=1)
        open_at = [int(level in map(int, SCORES)) for level in range(101)]
        write_stats(redis, "analyzer.0", age_s=-3600, open_at=json.dumps(open_at))  # lives for as long as the test
        return start(more=more)
    return begin


def test_only_what_the_budget_allows_is_told_unless_candidates_are_asked_for(five, redis):
    web = five()
    wait_score(web, 76)
    assert metrics(web.json("/api/anomalies")) == ["m.95", "m.85"]
    assert metrics(web.json("/api/anomalies", candidates=0)) == ["m.95", "m.85"]
    answer = web.json("/api/anomalies", candidates=1)
    assert [(a["metric"], a["candidate"]) for a in answer["anomalies"]] == [
        ("m.95", False), ("m.85", False), ("m.75", True), ("m.65", True), ("m.55", True)]
    wait_for("the count of candidates", lambda: budget(web)["candidates_open"] == 3)
    assert budget(web) == {"per_day": 2, "surface_score": 76, "fixed": False, "surfaced_last_day": 2,
                           "candidates_open": 3, "exceeded": False}
    assert web.json("/api/anomalies")["budget"] == budget(web)
    assert gauges(web) == {"surface_score": 76, "per_day": 2, "surfaced_last_day": 2, "candidates_open": 3,
                           "exceeded": 0}
    web.get("/api/anomalies", candidates="yes", expect=400)


def test_candidates_do_not_take_the_place_of_what_surfaces(five):
    web = five()
    wait_score(web, 76)
    answer = web.json("/api/anomalies", limit=2)
    assert metrics(answer) == ["m.95", "m.85"] and not answer["truncated"]
    answer = web.json("/api/anomalies", limit=2, candidates=1)
    assert metrics(answer) == ["m.95", "m.85"] and answer["truncated"]


def test_closed_ones_live_events_and_a_metrics_own_series_tell_candidates(five, redis):
    web = five()
    wait_score(web, 76)
    stream = Stream(web)
    now = int(time.time())
    low, high = anomaly("n.low", now - 90, now, score=75.9), anomaly("n.high", now - 90, now, score=76)
    for a in (low, high):
        tell(redis, "open", a)
        _, _, event = stream.next("anomaly")
        assert (event["anomaly"]["metric"], event["anomaly"]["candidate"]) == (a["metric"], a is low)
        tell(redis, "close", a)
        assert stream.next("anomaly")[2]["anomaly"]["candidate"] == (a is low)
    assert metrics(web.json("/api/anomalies", state="closed")) == ["n.high"]
    assert metrics(web.json("/api/anomalies", state="closed", candidates=1)) == ["n.high", "n.low"]
    assert stream.next("status")[2]["budget"]["surface_score"] == 76
    stream.close()
    write_points(redis, "n.low", [(now - 100 + i, 1.0) for i in range(100)])
    (span,) = web.json("/api/series", metric="n.low")["anomalies"]
    assert span["candidate"] is True


def test_the_score_follows_the_crossings_and_what_cannot_be_read_is_passed_over(five, redis):
    web = five()
    wait_score(web, 76)
    redis.hset(f"ridgeline:crossings:{int(time.time()) // 3600}", mapping={"97": 2, "junk": 1, "98": "x", "200": 9})
    assert wait_score(web, 96)["surfaced_last_day"] == 2
    for hours_ago in range(2, 100):
        crossings(redis, hours_ago)
    web.daemon.stop()
    web.daemon.start()
    assert wait_for("the old hours", lambda: web.answers() and budget(web)["surface_score"] == 0 and budget(web))
    assert metrics(web.json("/api/anomalies")) == ["m.95", "m.85", "m.75", "m.65", "m.55"]


@pytest.mark.parametrize("more, score, exceeded, surfaced", [
    ('incident_budget = "none";', 0, False, 5), ('incident_budget = "none"; surface_score = 70;', 70, False, 3),
    ('incident_budget = "1/week"; surface_score = 60;', 60, True, 4)])
def test_without_a_budget_all_surface_and_a_fixed_score_holds(five, more, score, exceeded, surfaced):
    web = five(more)
    told = wait_score(web, score)
    assert len(web.json("/api/anomalies")["anomalies"]) == surfaced
    assert (told["exceeded"], told["fixed"]) == (exceeded, score > 0)
    assert (told["per_day"] is None) == ("none" in more) == ("per_day" not in gauges(web))


def test_a_budget_that_even_the_highest_score_exceeds_is_said_and_shows_that_score(start, redis):  # noqa: F811
    web = start(more='incident_budget = "2/day";')
    now = int(time.time())
    for i in range(3):
        tell(redis, "open", anomaly(f"m.{i}", now - 60, now, score=100))
    tell(redis, "open", anomaly("m.99", now - 60, now, score=99.9))
    crossings(redis, at99=1, at100=3)
    assert wait_score(web, 100)["exceeded"] is True
    assert sorted(metrics(web.json("/api/anomalies"))) == ["m.0", "m.1", "m.2"]


def test_a_new_budget_holds_after_sighup(five):
    web = five()
    wait_score(web, 76)
    text = web.daemon.settings.read_text()
    web.daemon.settings.write_text(text.replace("2/day", "4/day"))
    web.daemon.process.send_signal(signal.SIGHUP)
    wait_score(web, 56)

"""Mutes and marks: set in the file and over the API, obeyed by the workers, told to those who look."""
import datetime
import json
import time

import pytest
import requests

from conftest import PATIENCE_S, wait_for
from analyzers import WARM, events, judged, kinds, metric, settings, total, wait_both  # noqa: F401  (fixtures)
from webapp import start, web, write_points  # noqa: F401


def iso(t):
    return datetime.datetime.fromtimestamp(t, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def post(web, path, body, expect=200):
    r = requests.post(web.page + path, json=body, headers={"X-Ridgeline-Token": web.token()}, timeout=PATIENCE_S)
    assert r.status_code == expect, r.text
    return r.json()


def delete(web, name, expect=200):
    r = requests.delete(web.page + "/api/mutes", params={"name": name}, headers={"X-Ridgeline-Token": web.token()},
                        timeout=PATIENCE_S)
    assert r.status_code == expect, r.text
    return r.json()


def test_what_is_muted_opens_nothing_or_is_not_learnt_whenever_the_analyzer_is_killed(
        redis, settings, metric, daemons):  # noqa: F811
    names = ("plain.load", "deaf.load", "blind.load")
    series = [metric(name) for name in names]
    fault = series[0].t
    until = fault + 360 * 10
    mutes = ", ".join(f'{{ name = "{what}"; match = "{match}.**"; what = "{what}"; '
                      f'from = "{iso(fault)}"; until = "{iso(until)}"; }}'
                      for what, match in (("notify", "plain"), ("open", "deaf"), ("learn", "blind")))
    d = daemons("analyzer", settings(more=f"mutes = ( {mutes} );")).wait_ready()
    judged(redis, 3 * WARM)
    for m in series:
        m.write(180, 40)
    judged(redis, 3 * WARM + 2 * 180)
    wait_for("the held points", lambda: total(redis, "held") == 180)
    d.kill()
    d.start()
    for m in series:
        m.write(180, 40)
        m.write(400)
    wait_for("an opening and its end", lambda: kinds(redis, "plain.load")[:1] == ["open"] and
             "close" in kinds(redis, "plain.load"))
    time.sleep(1)
    assert kinds(redis, "blind.load") == []
    assert all(a["opened"]["t"] >= until for _, a in events(redis, "deaf.load"))
    blind = next(m for m in series if m.name == "blind.load")
    blind.write(30, 40)  # after the mute
    wait_for("an opening", lambda: "open" in kinds(redis, "blind.load"))


def test_the_page_sets_and_ends_mutes_and_the_workers_follow(redis, start, settings, metric, daemons):  # noqa: F811
    m = metric("shop.orders")
    d = daemons("analyzer", settings()).wait_ready()
    judged(redis, WARM)
    web = start()  # noqa: F811
    until = int(time.time()) + 3600
    post(web, "/api/mutes", {"name": "deploy", "match": "shop.**", "what": "open", "until": iso(until)})
    (mute,) = web.json("/api/mutes")["mutes"]
    assert (mute["name"], mute["source"], mute["match"], mute["what"], mute["active"]) == \
        ("deploy", "page", ["shop.**"], "open", True)
    wait_both(d, "event=mutes_read mutes=1")
    m.write(30, 40)
    judged(redis, m.written)
    assert kinds(redis, "shop.orders") == []
    v = web.json("/api/verdict", metric="shop.orders")
    assert v["mute"] == {"name": "deploy", "what": "open", "source": "page", "until": until}
    assert v["why"].endswith("Muted by rule deploy (open).")
    delete(web, "deploy")
    assert web.json("/api/mutes")["mutes"] == []
    assert web.json("/api/verdict", metric="shop.orders")["mute"] is None
    wait_both(d, "event=mutes_read mutes=0")
    m.write(30, 40)
    wait_for("an opening", lambda: "open" in kinds(redis, "shop.orders"))


@pytest.mark.parametrize("body, error", [
    ([], "mute: must be an object"),
    ({}, "name: must be given"),
    ({"name": "a b", "match": "a"}, "name: must be 1 to 32"),
    ({"name": "a"}, "match: must hold a glob"),
    ({"name": "a", "match": "["}, "is no glob"),
    ({"name": "a", "match": "a", "what": "everything"}, "what: may be"),
    ({"name": "a", "match": "a", "until": "tomorrow"}, "until: must be a time"),
    ({"name": "a", "match": "a", "timezone": "../zone"}, "timezone: is no time zone"),
    ({"name": "a", "match": "a", "rrule": "FREQ=DAILY"}, "duration: of an rrule"),
    ({"name": "a", "match": "a", "colour": "red"}, "colour: is no option of a mute"),
])
def test_a_mute_that_cannot_be_is_refused_with_its_reason(web, redis, body, error):  # noqa: F811
    assert error in post(web, "/api/mutes", body, 400)["error"]
    assert redis.hget("ridgeline:mutes", "list") is None


def test_a_mute_replaces_its_name_sake_and_old_ones_go(web, redis, start):  # noqa: F811
    old = {"name": "old", "saved_at": 5, "match": "a", "until": iso(time.time() - 3 * 86400)}
    redis.hset("ridgeline:mutes", mapping={"version": 7, "list": json.dumps([old])})
    post(web, "/api/mutes", {"name": "one", "match": "a"})
    post(web, "/api/mutes", {"name": "one", "match": "b"})
    assert [(m["name"], m["match"]) for m in web.json("/api/mutes")["mutes"]] == [("one", ["b"])]
    assert redis.hget("ridgeline:mutes", "version") == b"9"
    delete(web, "two", 404)
    assert requests.post(web.page + "/api/mutes", json={"name": "x", "match": "a"}, timeout=PATIENCE_S).status_code == 403
    other = start(more='mutes = ( { name = "fixed"; match = "a"; } );')
    assert "settings.conf" in post(other, "/api/mutes", {"name": "fixed", "match": "a"}, 409)["error"]
    assert [m["source"] for m in other.json("/api/mutes")["mutes"]] == ["file", "page"]


def test_a_list_that_cannot_be_read_is_left_alone(web, redis):  # noqa: F811
    redis.hset("ridgeline:mutes", mapping={"version": 1, "list": '[{"name": "a", "match": "a", "new": "x"}]'})
    assert "stay as they are" in post(web, "/api/mutes", {"name": "b", "match": "a"}, 409)["error"]
    assert web.json("/api/mutes")["mutes"] == []


def test_alerts_are_listed_without_secrets(start):  # noqa: F811
    web = start(more='channels = ( { name = "hook"; type = "webhook"; url = "https://example.org/s3cret"; '
                     'secret = "k3y"; } ); '
                     'alerts = ( { name = "all"; channels = "hook"; min_score = 70; }, { name = "silent"; '
                     'channels = "hook"; states = [ "gap", "stale" ]; group_by = "prefix:2"; } );')
    r = web.get("/api/alerts")
    assert r.json()["channels"] == [{"name": "hook", "type": "webhook", "rate_limit": "30/hour"}]
    (everything, silent) = r.json()["alerts"]
    assert everything["min_score"] == 70 and everything["match"] == ["**"] and everything["group_by"] == "incident"
    assert everything["states"] == ["anomalous", "flat", "dropout", "stale", "forecast", "gap", "reset"]
    assert silent["states"] == ["stale", "gap"] and silent["group_by"] == "prefix:2"
    assert "s3cret" not in r.text and "k3y" not in r.text


def test_marks_are_kept_and_shown_with_the_metrics_that_they_match(start, redis):  # noqa: F811
    web = start(more='rules = ( { match = "shop.*"; unit = "orders"; limit = 100; } );')  # noqa: F811
    now = int(time.time())
    write_points(redis, "shop.orders", [(now - 600 + 10 * i, 5.0) for i in range(60)])
    write_points(redis, "other", [(now - 600 + 10 * i, 5.0) for i in range(60)])
    for _ in range(2):
        post(web, "/api/marks", {"at": now - 300, "text": "deploy <1234>", "match": "shop.**"})
    post(web, "/api/marks", {"text": "now"})
    redis.zadd("ridgeline:marks", {"no JSON": now})
    marks = web.json("/api/marks")["marks"]
    assert [(m["text"], m["match"]) for m in marks] == [("deploy <1234>", "shop.**"), ("now", "**")]
    series = web.json("/api/series", metric="shop.orders", **{"from": now - 600, "until": now - 10})
    assert series["marks"] == [{"at": now - 300, "text": "deploy <1234>"}]
    assert series["about"] == {"unit": "orders", "owner": None, "description": None, "runbook": None, "limit": 100,
                               "limit_by": "rule", "limit_times": None, "limit_since": None}
    assert web.json("/api/series", metric="other", **{"from": now - 600, "until": now - 10})["marks"] == []
    assert web.json("/api/marks", **{"from": now - 310, "until": now - 290})["marks"] == marks[:1]


def test_who_sets_a_mark_is_told_of_how_many_metrics_it_is(start, redis):  # noqa: F811
    for name in ("shop.orders", "shop.mails", "other"):
        write_points(redis, name, [(int(time.time()), 5.0)])
        redis.sadd("metrics.unique_metrics", "metrics." + name)
    web = start()

    def fits(**match):
        return post(web, "/api/marks", {"text": "deploy", **match})["metrics"]

    wait_for("the names", lambda: fits(match="shop.**") == 2)
    assert fits(match="other") == 1 and fits(match="shpo.**") == 0 and fits() == 3
    assert len(web.json("/api/marks")["marks"]) >= 4  # what fits none now is kept, too


@pytest.mark.parametrize("body", [
    {}, [], {"text": ""}, {"text": "x" * 201}, {"text": "a\nb"}, {"text": 5}, {"text": "a", "at": "now"},
    {"text": "a", "at": 5}, {"text": "a", "at": 4e9}, {"text": "a", "at": 2**40}, {"text": "a", "match": "["},
    {"text": "a", "colour": "red"}])
def test_a_mark_that_cannot_be_is_refused(web, redis, body):  # noqa: F811
    post(web, "/api/marks", body, 400)
    assert redis.zcard("ridgeline:marks") == 0

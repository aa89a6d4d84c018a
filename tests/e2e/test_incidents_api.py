"""Incidents as the webapp lists and tells them."""
import time

from conftest import wait_for
from incidents import alerter, alerters, heads, wait_heads  # noqa: F401 (fixtures)
from webapp import Stream, anomaly, start, tell  # noqa: F401 (fixtures)


def as_told(head, **more):
    """A stored head as the API tells it where nothing is muted."""
    return {**head, "candidate": False, "first": {**head["first"], "mute": None},
            "strongest": [{**member, "mute": None} for member in head["strongest"]], **more}


def test_the_api_lists_incidents_strongest_first_and_marks_candidates(redis, alerter, start):  # noqa: F811
    web, now = start(more="surface_score = 70;"), int(time.time())
    stream = Stream(web)
    stream.next("status")
    for name, score in [("one.a.x", 75), ("two.b.y", 90), ("three.c.z", 60)]:
        tell(redis, "open", anomaly(name, now - 60, now, score=score))
    wait_heads(redis, 3)
    told = {e["incident"]["title"]: e for e in (stream.next("incident")[2] for _ in range(3))}
    assert {t: (e["kind"], e["incident"]["candidate"]) for t, e in told.items()} == {
        "one.a.x": ("open", False), "two.b.y": ("open", False), "three.c.z": ("open", True)}
    stream.close()
    wait_for("the surface score", lambda: web.json("/api/incidents")["budget"]["surface_score"] == 70)

    def titles(**parameters):
        return [(i["title"], i["candidate"]) for i in web.json("/api/incidents", **parameters)["incidents"]]

    assert titles() == titles(state="open", candidates=0) == [("two.b.y", False), ("one.a.x", False)]
    assert titles(candidates=1) == [("two.b.y", False), ("one.a.x", False), ("three.c.z", True)]
    assert web.json("/api/incidents", limit=1)["truncated"] and not web.json("/api/incidents", limit=2)["truncated"]
    (two,) = web.json("/api/incidents", limit=1)["incidents"]
    assert two == as_told(next(h for h in heads(redis) if h["title"] == "two.b.y"))
    tell(redis, "close", anomaly("two.b.y", now - 60, now, score=90))
    wait_heads(redis, 1, "closed")
    assert titles() == [("one.a.x", False)] and titles(state="closed") == [("two.b.y", False)]
    assert titles(state="all", candidates=1) == [("one.a.x", False), ("three.c.z", True), ("two.b.y", False)]
    assert titles(state="closed", since=now + 1) == [] and titles(state="closed", since=now) == [("two.b.y", False)]
    for bad in ({"state": "ajar"}, {"limit": 0}, {"limit": 2001}, {"since": "x"}, {"id": two["id"]}):
        web.get("/api/incidents", expect=400, **bad)
    wait_for("the counter", lambda: 'ridgeline_alerter_opened_total{process="alerter"} 3' in web.get("/metrics").text)


def test_the_api_tells_one_incident_with_its_members(redis, alerter, start):  # noqa: F811
    web, now = start(more='rules = ( { match = "servers.web?.load"; unit = "%"; } );'), int(time.time())
    for i in range(2100):
        tell(redis, "open", anomaly(f"servers.web{i}.load", now - 60 + i % 7, now, score=50 + i % 50))
    (head,) = wait_heads(redis, 1, count=2100)
    one = web.json("/api/incident", id=head["id"])
    members, truncated = one.pop("members"), one.pop("members_truncated")
    units = {m["metric"]: m.pop("unit") for m in [*members, *one["strongest"], one["first"]]}
    assert all(unit == ("%" if len(metric) == len("servers.webN.load") else None) for metric, unit in units.items())
    assert set(units.values()) == {"%", None}
    assert one == as_told(head, desk=[], notified=[]) and truncated and len(members) == 2000
    assert members[0] == one["first"] and [m["start"] for m in members] == sorted(m["start"] for m in members)
    for bad in ({}, {"id": ""}, {"id": "x" * 16}, {"id": head["id"] + "0"}, {"id": "../etc"}):
        web.get("/api/incident", expect=400, **bad)
    web.get("/api/incident", expect=404, id="0123456789abcdef")


def test_what_cannot_be_read_is_left_out_of_the_answer(redis, alerter, start):  # noqa: F811
    web, now = start(), int(time.time())
    tell(redis, "open", anomaly("fine.one.a", now - 60, now))
    wait_heads(redis, 1)
    redis.zadd("ridgeline:incidents:open", {"feedfacefeedface": 1, "deadbeefdeadbeef": 2, "x" * 200: 3, "no json": 4})
    redis.hset("ridgeline:incident:deadbeefdeadbeef", mapping={"head": "{}", "score": 99})
    redis.hset("ridgeline:incident:no json", mapping={"head": "{", "score": "nan"})
    redis.set("ridgeline:incident:feedfacefeedface", "no hash")
    redis.xadd("ridgeline:incidents:events", {"kind": "open", "id": "deadbeefdeadbeef", "json": "{}"})
    assert [i["title"] for i in web.json("/api/incidents")["incidents"]] == ["fine.one.a"]
    web.get("/api/incident", expect=404, id="deadbeefdeadbeef")


def test_two_thousand_open_incidents_are_answered(redis, alerter, start):  # noqa: F811
    web, now = start(), int(time.time())
    for i in range(2000):
        tell(redis, "open", anomaly(f"site{i}.part{i}.m{i}.x{i}", now - 60, now, score=50 + i % 50))
    wait_for("all", lambda: alerter.counter("open_incidents") == 2000)
    for limit in (2000, 200):
        answer = web.json("/api/incidents", limit=limit)
        scores = [i["score"] for i in answer["incidents"]]
        assert len(scores) == limit and scores == sorted(scores, reverse=True) and answer["truncated"] == (limit < 2000)

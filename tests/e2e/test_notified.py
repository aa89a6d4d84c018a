"""Who was notified of an incident, when, and what became of it: the real alerter, a real receiver, the real webapp."""
import json
import random
import time

from conftest import wait_for
from test_alerts import NAMES, alerter, bodies, close, hook, settle, wait_kinds  # noqa: F401 (fixtures)
from webapp import anomaly, start, tell  # noqa: F401 (fixture)


def notified(redis, incident):
    return json.loads(redis.hget("ridgeline:incident:" + incident, "notified") or "[]")


def outcomes(redis, incident):
    return [(r["kind"], r["outcome"]) for r in notified(redis, incident)]


def test_it_stands_in_the_incident_when_each_message_was_delivered(redis, alerter, hook, start):  # noqa: F811
    web, now = start(), int(time.time())
    a = anomaly("shop.orders", now - 60, now - 10, score=80)
    hook.status = 503
    alerter()
    tell(redis, "open", a)
    wait_for("it to be queued", lambda: outcomes(redis, a["id"]) == [("open", "queued")])
    assert web.json("/api/incident", id=a["id"])["notified"][0]["done_at"] is None
    hook.status = 200
    wait_for("its delivery", lambda: outcomes(redis, a["id"]) == [("open", "delivered")])
    close(redis, a)
    wait_for("the end", lambda: outcomes(redis, a["id"]) == [("open", "delivered"), ("resolve", "delivered")])
    told = web.json("/api/incident", id=a["id"])["notified"]
    assert [(r["alert"], r["channel"], r["reason"]) for r in told] == [("all", "hook", "")] * 2
    assert [r["id"] for r in told] == [f"{a['id']}.all.1.open", f"{a['id']}.all.2.resolve"]
    assert all(now <= r["at"] <= r["done_at"] <= time.time() for r in told)
    csv = web.get("/api/incidents", state="closed", candidates=1, format="csv").text.split("\r\n")
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(told[0]["at"]))
    assert (csv[0].split(",")[-1], csv[1].split(",")[-1]) == ("first_notified_at", at)


def test_each_channel_of_an_alert_has_receipts_of_its_own(redis, alerter, hook):
    now = int(time.time())
    alerter(channels='[ "hook", "other" ]', channel=f'}}, {{ name = "other"; type = "webhook"; url = "{hook.url}";')
    a = anomaly("shop.orders", now - 60, now - 10, score=80)
    tell(redis, "open", a)
    wait_for("both openings", lambda: outcomes(redis, a["id"]) == [("open", "delivered")] * 2)
    close(redis, a)
    wait_for("both ends", lambda: outcomes(redis, a["id"])[2:] == [("resolve", "delivered")] * 2)
    for pair in (notified(redis, a["id"])[:2], notified(redis, a["id"])[2:]):
        assert sorted(r["channel"] for r in pair) == ["hook", "other"] and pair[0]["id"] == pair[1]["id"]


def test_what_is_held_back_or_refused_is_told_so(redis, alerter, hook):
    now = int(time.time())
    alerter(channel='rate_limit = "1/hour";')
    hook.status = 422
    first, second = (anomaly(name, now - 60, now - 10, score=80) for name in NAMES[:2])
    tell(redis, "open", first)
    wait_for("a dead letter", lambda: outcomes(redis, first["id"]) == [("open", "dead letter")])
    assert notified(redis, first["id"])[0]["reason"].startswith("HTTP 422")
    tell(redis, "open", second)
    wait_for("one that waits for the digest", lambda: outcomes(redis, second["id"]) == [("open", "held back")])
    close(redis, second)
    settle(redis)
    assert outcomes(redis, second["id"]) == [("open", "held back")]


def test_each_update_that_is_held_back_is_told_so(redis, alerter, hook):
    now = int(time.time())
    alerter('repeat_after = "1s";', channel='rate_limit = "1/hour";')
    a = anomaly(NAMES[0], now - 60, now - 10, score=80)
    tell(redis, "open", a)
    wait_for("two held back", lambda: outcomes(redis, a["id"])[:3] == [
        ("open", "delivered"), ("update", "held back"), ("update", "held back")])


def test_kills_in_between_leave_one_receipt_for_each_message(redis, alerter, hook):
    draw, now = random.Random(7), int(time.time())
    daemon = alerter()
    broken = [anomaly(name, now - 60, now - 10, score=80) for name in NAMES]
    wanted = []
    for change, kind in (("open", "open"), ("close", "resolve")):
        wanted.append((kind, "delivered"))
        for a in broken:
            tell(redis, change, a)
            time.sleep(draw.random())
            daemon.kill()
            daemon.start()
        wait_for("a receipt for each", lambda: all(outcomes(redis, a["id"]) == wanted for a in broken))
    told = {(r["id"], r["channel"]) for a in broken for r in notified(redis, a["id"])}
    assert told == {(body["id"], "hook") for body in bodies(hook)}


def test_the_first_and_the_newest_are_kept(redis, alerter, hook):
    now = int(time.time())
    a = anomaly("shop.orders", now - 60, now - 10, score=80)
    daemon = alerter()
    tell(redis, "open", a)
    wait_for("its delivery", lambda: outcomes(redis, a["id"]) == [("open", "delivered")])
    daemon.stop()
    (first,) = notified(redis, a["id"])
    many = [first] + [dict(first, id=str(i), kind="update") for i in range(99)]
    redis.hset("ridgeline:incident:" + a["id"], "notified", json.dumps(many))
    daemon.start()
    close(redis, a)
    wait_for("the end", lambda: outcomes(redis, a["id"])[-1] == ("resolve", "delivered"))
    ids = [r["id"] for r in notified(redis, a["id"])]
    assert len(ids) == 100 and ids[0] == first["id"] and ids[1:3] == ["1", "2"]


def test_a_list_that_cannot_be_read_holds_up_no_message(redis, alerter, hook, start):  # noqa: F811
    web, now = start(), int(time.time())
    a = anomaly("shop.orders", now - 60, now - 10, score=80)
    daemon = alerter()
    tell(redis, "open", a)
    wait_for("its delivery", lambda: outcomes(redis, a["id"]) == [("open", "delivered")])
    for broken in ("{", "7", '[7, {"id": 1}, null]'):
        redis.hset("ridgeline:incident:" + a["id"], "notified", broken)
        assert web.json("/api/incident", id=a["id"])["notified"] == []
    close(redis, a)
    wait_kinds(hook, "open", "resolve")

    def shown():
        return [(r["kind"], r["outcome"]) for r in web.json("/api/incident", id=a["id"])["notified"]]

    wait_for("its receipt", lambda: shown() == [("resolve", "delivered")])
    assert not daemon.logged("redis_error")


def test_a_message_about_what_is_kept_no_more_leaves_nothing_behind(redis, alerter, hook):
    alerter()
    gone = {"id": "f" * 16, "start": 1, "title": "gone"}
    redis.xadd("ridgeline:outbox:hook", {"json": json.dumps(
        {"version": 1, "id": "m1", "kind": "resolve", "dedup_key": "k", "incident": gone, "held": [], "marks": []})})
    wait_kinds(hook, "resolve")
    wait_for("an empty queue", lambda: redis.xlen("ridgeline:outbox:hook") == 0)
    assert not redis.exists("ridgeline:incident:" + "f" * 16)


def test_a_message_tells_what_was_seen_and_expected_each_in_its_unit(redis, alerter, hook):
    now = int(time.time())
    tell(redis, "open", anomaly("servers.web1.cpu", now - 60, now - 10, score=80))
    low = anomaly("servers.web1.disk", now - 50, now - 10, score=90)
    low["peak"]["value"] = 2.5
    tell(redis, "open", low)
    alerter(more='rules = ( { match = "servers.*.cpu"; unit = "%"; } );')
    wait_kinds(hook, "open")
    incident = bodies(hook)[0]["incident"]
    cpu, disk = sorted(incident["strongest"], key=lambda m: m["metric"])
    fields = ("metric", "value", "expected", "lower", "upper", "mean", "unit")
    assert [cpu[k] for k in fields] == ["servers.web1.cpu", 100, 10, 5, 15, False, "%"]
    assert [disk[k] for k in fields] == ["servers.web1.disk", 2.5, 10, 5, 15, False, None]
    assert (incident["first"]["value"], incident["first"]["unit"]) == (100, "%")

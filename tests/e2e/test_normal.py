"""What "this is normal" teaches: the real webapp offers it and saves it, the real alerter notes it."""
import random
import time
from concurrent import futures

import pytest
import requests

from conftest import PATIENCE_S, wait_for
from incidents import alerter, alerters, heads, wait_heads  # noqa: F401 (fixtures)
from test_desk import notes, say, ticket
from webapp import STEP, anomaly, start, tell, web, write_points  # noqa: F401 (fixtures)


def peak(score=80.0, direction="up", state="ANOMALOUS", seen=100.0):
    finding = {"detector": "median", "statistic": 9.5, "threshold": 4.5, "seen": seen, "expected": 10.0, "step_s": 10,
               "vote": "yes", "reason": None}
    return {"score": score, "direction": direction, "state": state, "findings": [finding]}


def bad(metric, ago_s=60, score=80.0, direction="up", state="ANOMALOUS"):
    now = int(time.time())
    a = anomaly(metric, now - ago_s, now, score=score)
    a["direction"] = direction
    for verdict in ("opened", "peak"):
        a[verdict].update(peak(score, direction, state))
    return a


@pytest.fixture
def incident(redis, alerter):
    tell(redis, "open", bad("shop.checkout.errors"))
    return wait_heads(redis, 1)[0]["id"]


def choices(web, incident):
    told = web.json("/api/incident/normal", id=incident)
    return told["match"], {choice["choice"]: choice for choice in told["choices"]}


def overrides(web):
    return {o["match"]: o["options"] for o in web.json("/api/overrides")["overrides"]}


def test_what_is_normal_is_learnt_as_an_override_that_can_be_undone(redis, web, incident):
    match, offered = choices(web, incident)
    assert match == "shop.checkout.errors" and list(offered) == ["strength", "direction", "change"]
    assert offered["change"]["options"] == {"min_change": 99} and offered["change"]["before"] == {"min_change": 0}
    assert offered["direction"]["options"] == {"direction": "down"}
    strength = offered["strength"]
    before = web.json("/api/options", metric=match)["options"]
    now = next(o["value"] for o in before if o["name"] == "score_to_open")
    assert strength["options"] == {"score_to_open": 83} and strength["before"] == {"score_to_open": now}
    assert strength["change"] == f"score_to_open {now:g} -> 83 for shop.checkout.errors"
    assert overrides(web) == {}, "to look changes nothing"

    say(web, incident=incident, kind="normal", by="Ada", teach=strength["change"])
    assert overrides(web) == {"shop.checkout.errors": {"score_to_open": 83}}
    (head,) = wait_for("it is normal", lambda: [h for h in heads(redis) if h["ack"]])
    assert head["ack"]["normal"] and head["ack"]["by"] == "Ada"
    (note,) = notes(redis, incident)
    assert (note["by"], note["text"]) == ("Ada", strength["change"])
    assert list(choices(web, incident)[1]) == ["direction", "change"], "what is in force is not offered"
    assert "changed" in say(web, 409, incident=incident, kind="normal", teach=strength["change"])["error"]
    (entry,) = web.json("/api/overrides/history")["entries"]
    assert entry["undoable"] and entry["before"] == []
    requests.post(web.page + "/api/overrides/undo", json={"entry": entry["id"]}, timeout=PATIENCE_S,
                  headers={"X-Ridgeline-Token": web.token()}).raise_for_status()
    assert overrides(web) == {} and choices(web, incident)[1]["strength"] == strength


def test_a_link_teaches_what_its_incident_offers_and_nothing_else(redis, web, incident):
    other = bad("db.replication.lag", ago_s=90, score=60)
    tell(redis, "open", other)
    wait_heads(redis, 2)
    redis.set("ridgeline:secret", "5" * 64)
    change = choices(web, incident)[1]["strength"]["change"]
    foreign = choices(web, other["id"])[1]["strength"]["change"]

    def post(expect, teach, act="normal", kind="normal", **more):
        return say(web, expect, incident=incident, kind=kind, teach=teach, ticket=ticket(redis, incident, act), **more)

    assert "changed" in post(403, change, act="ack")["error"]
    for wrong in (foreign, change.replace("83", "100"), change.replace("shop.checkout.errors", "**"), ""):
        assert "choices" in post(409, wrong)["error"]
    for wrong in ({"match": "**", "options": {"score_to_open": 100}}, None, 7):
        assert "teach" in post(400, wrong)["error"]
    assert "teach" in say(web, 400, incident=incident, kind="ack", teach=change,
                          ticket=ticket(redis, incident, "ack"))["error"]
    assert "teach" in post(400, change, text="with more words")["error"]
    assert "token" in say(web, 403, token=False, incident=incident, kind="normal", teach=change,
                          ticket=ticket(redis, incident, "normal"))["error"]
    assert overrides(web) == {} and redis.xlen("ridgeline:desk") == 0
    post(200, change)
    assert list(overrides(web)) == ["shop.checkout.errors"]
    (note,) = wait_for("the note", lambda: notes(redis, incident))
    assert (note["by"], note["text"]) == ("by link to ops-mail", change)


def test_what_several_teach_at_once_is_taught_once(redis, web, incident):
    body = {"incident": incident, "kind": "normal", "teach": choices(web, incident)[1]["strength"]["change"]}
    headers = {"X-Ridgeline-Token": web.token()}
    redis.client_pause(500)  # all look at the choices before one is saved
    with futures.ThreadPoolExecutor(16) as all_at_once:
        answers = [all_at_once.submit(requests.post, web.page + "/api/incident/desk", json=body, headers=headers,
                                      timeout=PATIENCE_S) for _ in range(16)]
    assert sorted(answer.result().status_code for answer in answers) == [200] + [409] * 15
    assert len(web.json("/api/overrides/history")["entries"]) == 1 and redis.xlen("ridgeline:desk") == 1


def test_who_merely_follows_links_changes_nothing(redis, web, incident):
    redis.set("ridgeline:secret", "5" * 64)
    signed = ticket(redis, incident, "normal")
    before = {key: redis.dump(key) for key in (b"ridgeline:overrides", b"ridgeline:incident:" + incident.encode())}
    query = {"act": "normal", "incident": incident, **signed, "teach": choices(web, incident)[1]["strength"]["change"]}
    assert web.get("/", expect=200, **query).status_code == 200
    web.get("/api/incident/normal", id=incident)
    for method in ("GET", "HEAD"):
        assert web.raw(method, "/api/incident/desk?incident=" + incident)[0] == 405
    web.get("/api/incident/normal", expect=400, id=incident, sig=signed["sig"])
    web.get("/api/incident/normal", expect=400, id="../overrides")
    web.get("/api/incident/normal", expect=404, id="0" * 16)
    assert redis.xlen("ridgeline:desk") == 0 and before == {key: redis.dump(key) for key in before}


def test_a_group_is_taught_by_its_pattern_or_by_its_names(redis, alerter, web):
    for i, score in enumerate((60, 91.5, 70)):
        tell(redis, "open", bad(f"servers.web{i}.load", ago_s=60 + i, score=score))
    for part in ("eu.errors", "eu.latency.p95"):
        tell(redis, "open", bad(f"shop.site.{part}", ago_s=80, score=55, direction="down"))
    tell(redis, "open", bad("worker.heartbeat", ago_s=80, state="STALE", direction="unknown"))
    found = {h["title"]: h["id"] for h in wait_heads(redis, 3)}
    match, offered = choices(web, found["servers.*.load"])
    assert match == "servers.*.load" and list(offered) == ["strength", "direction"]
    assert offered["strength"]["options"] == {"score_to_open": 94}
    match, offered = choices(web, found["shop.site.eu.**"])
    assert match == "{shop.site.eu.errors,shop.site.eu.latency.p95}"
    assert offered["direction"]["options"] == {"direction": "up"}
    match, offered = choices(web, found["worker.heartbeat"])
    assert match == "worker.heartbeat" and list(offered) == ["state"]
    assert offered["state"]["options"] == {"stale": "no"}
    say(web, incident=found["worker.heartbeat"], kind="normal", teach=offered["state"]["change"])
    assert overrides(web) == {"worker.heartbeat": {"stale": "no"}}


@pytest.mark.parametrize("spike", [140.0, 900.0])
def test_after_what_was_taught_the_same_would_not_have_opened(redis, alerter, web, spike):
    now = int(time.time()) // STEP * STEP
    noise = random.Random(1)
    points = [(now - (1999 - i) * STEP, noise.gauss(100, 2)) for i in range(2000)]
    points[1500] = (points[1500][0], spike)
    write_points(redis, "app.latency", points)
    t = points[1500][0]
    verdict = web.json("/api/verdict", metric="app.latency", at=t)["verdict"]
    assert verdict["state"] == "ANOMALOUS"
    score = max(row[1] for row in web.json("/api/series", metric="app.latency")["scores"] if t <= row[0] < t + 300)
    a = anomaly("app.latency", t, t, score=score)
    a["opened"] = a["peak"] = verdict
    a["direction"] = verdict["direction"]
    tell(redis, "open", a)
    incident = wait_heads(redis, 1)[0]["id"]
    match, offered = choices(web, incident)
    assert "change" in offered and ("strength" in offered) == (score < 100)
    for name in {"change", "strength"} & set(offered):
        choice = offered[name]
        told = requests.post(web.page + "/api/preview", timeout=PATIENCE_S, headers={"X-Ridgeline-Token": web.token()},
                             json={"match": match, "options": choice["options"]}).json()
        assert told["before"]["anomalies"] >= 1, told
        assert not told["new"], (name, told)
        assert any(span["start"] <= t <= span["end"] for span in told["gone"]), (name, choice["change"], told)

"""What people say of an incident: the real webapp takes it, the real alerter brings it into the incident."""
import hashlib
import hmac
import json
import time

import pytest
import requests

from conftest import PATIENCE_S, wait_for
from incidents import alerter, alerters, events, heads, wait_heads  # noqa: F401 (fixtures)
from webapp import anomaly, start, tell, web  # noqa: F401 (fixtures)


@pytest.fixture
def incident(redis, alerter):
    now = int(time.time())
    tell(redis, "open", anomaly("shop.checkout.errors", now - 60, now))
    return wait_heads(redis, 1)[0]["id"]


def say(web, expect=200, token=True, **body):
    headers = {"X-Ridgeline-Token": web.token()} if token else {}
    r = requests.post(web.page + "/api/incident/desk", json=body, headers=headers, timeout=PATIENCE_S)
    assert r.status_code == expect, r.text
    return r.json()


def ticket(redis, incident, act, until=None, to="ops-mail"):
    """What a message's link carries."""
    until = until or int(time.time()) + 3600
    text = f"{act} {incident} {until} {to}".encode()
    sig = hmac.new(redis.get("ridgeline:secret"), text, hashlib.sha256).hexdigest()[:32]
    return {"to": to, "until": until, "sig": sig}


def notes(redis, incident):
    fields = redis.hgetall("ridgeline:incident:" + incident)
    return [json.loads(fields[k]) for k in sorted(fields) if k.startswith(b"n:")]


def test_an_acknowledgement_stands_in_the_head_and_can_be_taken_back(redis, alerter, web, incident):
    assert heads(redis)[0]["ack"] is None
    say(web, incident=incident, kind="ack", by="Ada")
    (head,) = wait_for("the acknowledgement", lambda: [h for h in heads(redis) if h["ack"]])
    assert head["ack"]["by"] == "Ada" and head["ack"]["normal"] is False and abs(head["ack"]["at"] - time.time()) < 60
    assert events(redis)[-1] == ("update", incident)
    say(web, incident=incident, kind="note", by="Ada", text="the cache was restarted\nsee the runbook")
    wait_for("the note", lambda: len(notes(redis, incident)) == 2)
    assert notes(redis, incident)[1]["text"] == "the cache was restarted\nsee the runbook"
    assert heads(redis)[0]["ack"]["by"] == "Ada"
    say(web, incident=incident, kind="unack")
    wait_for("nobody has it", lambda: heads(redis)[0]["ack"] is None)


def test_it_survives_a_killed_alerter_and_is_noted_once(redis, alerter, web, incident):
    alerter.daemon.kill()
    say(web, incident=incident, kind="normal", by="Ada")
    say(web, incident=incident, kind="note", text="nightly backup")
    alerter.daemon.start()
    wait_for("both notes", lambda: len(notes(redis, incident)) == 2)
    wait_for("it is normal", lambda: heads(redis)[0]["ack"]["normal"])
    alerter.daemon.kill()
    redis.hdel("ridgeline:alerter", "desk")  # as if it had been killed before it saved how far it was
    alerter.daemon.start()
    wait_for("what was said is read again", lambda: redis.hexists("ridgeline:alerter", "desk"))
    assert len(notes(redis, incident)) == 2 and heads(redis)[0]["ack"]["normal"]


def test_history_is_found_by_words_and_given_as_a_table(redis, alerter, web):
    now = int(time.time())
    told = [anomaly("shop.checkout.errors", now - 7200, now - 7100, score=80),
            anomaly("db.lag", now - 3600, now - 3500, score=90)]
    for a in told:
        tell(redis, "open", a)
        tell(redis, "close", dict(a, state="closed"))
    wait_heads(redis, 2, "closed")
    tell(redis, "open", anomaly("shop.mail.queue", now - 60, now, score=70))
    wait_heads(redis, 1)

    def titles(**query):
        return {i["title"] for i in web.json("/api/incidents", state="all", candidates=1, **query)["incidents"]}

    assert titles() == {"shop.checkout.errors", "db.lag", "shop.mail.queue"}
    assert titles(text="SHOP") == {"shop.checkout.errors", "shop.mail.queue"}
    assert titles(text="open") == titles(text="no such") == set()
    assert titles(until=now - 7000) == {"shop.checkout.errors", "shop.mail.queue"}
    csv = web.get("/api/incidents", state="closed", candidates=1, format="csv")
    assert csv.headers["Content-Type"].startswith("text/csv")
    rows = [line.split(",") for line in csv.text.split("\r\n")]
    assert rows[0][:2] == ["id", "state"] and [row[6] for row in rows[1:3]] == ["db.lag", "shop.checkout.errors"]
    web.get("/api/incidents", 400, format="xls")


def test_what_cannot_be_is_refused_with_a_sentence(redis, web, incident):
    assert "token" in say(web, 403, token=False, incident=incident, kind="ack")["error"]
    assert "no incident" in say(web, 404, incident="0" * 16, kind="ack")["error"]
    assert "kind" in say(web, 400, incident=incident, kind="nod")["error"]
    assert "incident" in say(web, 400, incident="../overrides", kind="ack")["error"]
    assert "by" in say(web, 400, incident=incident, kind="ack", by="a\nBcc: b@example.org")["error"]
    assert "body" in say(web, 400, incident=incident, kind="ack", as_of="now")["error"]
    assert "text" in say(web, 400, incident=incident, kind="note")["error"]
    assert redis.xlen("ridgeline:desk") == 0


def test_what_is_said_of_a_metric_with_a_foreign_stream_entry_hurts_nobody(redis, alerter, web, incident):
    redis.xadd("ridgeline:desk", {"json": "{"})
    entry = {"incident": "f" * 16, "kind": "ack", "by": "", "text": "", "at": 1}
    redis.xadd("ridgeline:desk", {"json": json.dumps(entry)})
    for _ in range(70):  # more than are read at once
        redis.xadd("ridgeline:desk", {"other": "1", "more": "2"})
    say(web, incident=incident, kind="ack")
    wait_for("the acknowledgement", lambda: heads(redis)[0]["ack"])
    assert not redis.exists("ridgeline:incident:" + "f" * 16)
    wait_for("they were passed over", lambda: alerter.counter("desk_rejected") == 72)


def test_a_link_of_a_message_holds_for_what_it_was_signed_for_and_until_it_expires(redis, alerter, web, incident):
    unsigned = {"to": "ops-mail", "until": int(time.time()) + 60, "sig": "0" * 32}
    assert "changed" in say(web, 403, incident=incident, kind="ack", ticket=unsigned)["error"]
    assert "changed" in say(web, 403, incident=incident, kind="normal", ticket=ticket(redis, incident, "ack"))["error"]
    late = ticket(redis, incident, "ack", int(time.time()) - 5)
    assert "expired" in say(web, 403, incident=incident, kind="ack", ticket=late)["error"]
    assert "ticket" in say(web, 400, incident=incident, kind="ack", ticket={"to": "x"})["error"]
    say(web, incident=incident, kind="ack", ticket=ticket(redis, incident, "ack"))
    wait_for("the acknowledgement", lambda: heads(redis)[0]["ack"])
    assert heads(redis)[0]["ack"]["by"] == "by link to ops-mail"

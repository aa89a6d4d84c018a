"""Alerts of which each concerns some of an incident's members: what is told of these, whatever the others are."""
import json
import time

import pytest

from conftest import wait_for, write_settings
from receivers import HttpReceiver
from test_alerts import break_web_and_db, kinds, settle, wait_kinds
from webapp import anomaly, tell


@pytest.fixture
def teams(redis, daemons, tmp_path):
    """teams(more settings, web options, db options): an alerter with an alert, and a receiver, for each team."""
    receivers = {team: HttpReceiver() for team in ("web", "db")}

    def begin(more="", **alerts):
        channels = ", ".join(f'{{ name = "{team}"; type = "webhook"; url = "{r.url}"; }}'
                             for team, r in receivers.items())
        rules = ", ".join(f'{{ name = "{team}"; match = "shop.{team}*"; channels = "{team}"; {alerts.get(team, "")} }}'
                          for team in receivers)
        settings = write_settings(tmp_path / "alerter.conf", f"""redis = "unix:{redis.sock}"; surface_score = 50;
            channels = ( {channels} ); alerts = ( {rules} ); {more}""")
        begin.daemon = daemons("alerter", settings).wait_ready()
        return receivers["web"], receivers["db"]

    yield begin
    for receiver in receivers.values():
        receiver.stop()


def see_to(redis, kind="ack"):
    """Somebody says so of the one incident, and the alerter has taken it."""
    (id,) = wait_for("an incident", lambda: redis.zrange("ridgeline:incidents:open", 0, -1))
    said = {"incident": id.decode(), "kind": kind, "by": "Ada", "text": "", "at": int(time.time())}
    redis.xadd("ridgeline:desk", {"json": json.dumps(said)})
    wait_for("it is seen to", lambda: json.loads(redis.hget(b"ridgeline:incident:" + id, "head"))["ack"])
    time.sleep(1.1)  # what joins in the same second was known


def incident_of(hook):
    return json.loads(hook.requests[-1][3])["incident"]


def test_an_alert_is_judged_by_what_concerns_it(redis, teams):
    web, db = teams(db="min_score = 85;", web='min_duration = "1h";')
    break_web_and_db(redis)
    now = int(time.time())
    settle(redis)
    assert not web.requests and not db.requests, "the strong ones are not the databases, nor have they lasted"
    tell(redis, "open", anomaly("shop.db7", now - 40, now - 10, score=86))
    wait_kinds(db, "open")
    assert incident_of(db)["score"] == 86 and incident_of(db)["metrics"] == 4
    settle(redis)
    assert not web.requests


def test_what_is_muted_opens_nothing_by_its_strength(redis, teams):
    _, db = teams('mutes = ( { name = "works"; match = "shop.db1"; } );', db="min_score = 80;")
    now = int(time.time())
    tell(redis, "open", anomaly("shop.db1", now - 60, now - 10, score=95))
    tell(redis, "open", anomaly("shop.db2", now - 50, now - 10, score=60))
    settle(redis)
    assert not db.requests
    tell(redis, "open", anomaly("shop.db3", now - 40, now - 10, score=85))
    wait_kinds(db, "open")
    incident = incident_of(db)
    assert [m["metric"] for m in incident["strongest"]] == ["shop.db3", "shop.db2"] and incident["score"] == 85
    assert incident["first"]["metric"] == "shop.db2" and incident["muted"] == 1


@pytest.mark.parametrize("kind", ["ack", "normal"])
@pytest.mark.parametrize("kill", [False, True])
def test_what_joins_after_somebody_saw_to_the_incident_opens_its_alert(redis, teams, kind, kill):
    web, db = teams(web='min_duration = "1h";', db='repeat_after = "2s";')
    now = int(time.time())
    for i in range(4):
        tell(redis, "open", anomaly(f"shop.web{i}", now - 60, now - 10, score=90))
    see_to(redis, kind)
    if kill:
        teams.daemon.kill()
        redis.delete("ridgeline:lease:alerter")
        teams.daemon.start()
    tell(redis, "open", anomaly("shop.db1", now - 30, now - 10, score=60))
    wait_for("the other team is told, and told again", lambda: kinds(db)[:3] == ["open", "update", "update"])
    assert [m["metric"] for m in incident_of(db)["strongest"]] == ["shop.db1"]
    see_to(redis, kind)
    told = len(db.requests)
    tell(redis, "open", anomaly("shop.db1", now - 5, now, score=70))  # flaps: it was known
    settle(redis)
    assert len(db.requests) <= told + 1, "repeated though they saw to it"
    assert not web.requests


def test_what_was_known_and_flaps_opens_nothing(redis, teams):
    web, _ = teams(web='min_duration = "30s";')
    now = int(time.time())
    tell(redis, "open", anomaly("shop.web1", now - 10, now, score=90))
    tell(redis, "open", anomaly("shop.db1", now - 10, now, score=60))
    see_to(redis)
    tell(redis, "close", dict(anomaly("shop.web1", now - 10, now, score=90), state="closed"))
    tell(redis, "open", anomaly("shop.web1", now - 100, now + 1, score=95))
    settle(redis)
    assert not web.requests
    tell(redis, "open", anomaly("shop.web2", now - 40, now, score=60))
    wait_kinds(web, "open")
    assert incident_of(web)["metrics"] == 2

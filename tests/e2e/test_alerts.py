"""From anomalies to messages: the real alerter over a real Redis, with a real receiver at the end."""
import json
import random
import signal
import time

import pytest
import requests

from conftest import PATIENCE_S, wait_for, write_settings
from receivers import HttpReceiver
from webapp import anomaly, slot_of, start, tell  # noqa: F401 (fixture)


@pytest.fixture
def hook():
    receiver = HttpReceiver()
    yield receiver
    receiver.stop()


@pytest.fixture
def alerter(redis, daemons, tmp_path, hook):
    """alerter(alert options, more): an alerter that tells `hook`."""
    def begin(alert="", more="", channel="", channels='"hook"'):
        settings = write_settings(tmp_path / "alerter.conf", f"""redis = "unix:{redis.sock}"; surface_score = 50;
            channels = ( {{ name = "hook"; type = "webhook"; url = "{hook.url}"; {channel} }} );
            alerts = ( {{ name = "all"; channels = {channels}; {alert} }} ); {more}""")
        return daemons("alerter", settings).wait_ready()

    return begin


def bodies(hook):
    return [json.loads(body) for _, _, _, body in hook.requests]


def kinds(hook):
    return [body["kind"] for body in bodies(hook)]


def wait_kinds(hook, *wanted):
    wait_for(f"messages {wanted}, not {kinds(hook)}", lambda: kinds(hook) == list(wanted))


# No two of them are related.
NAMES = ["red", "green.orders", "blue.db.reads", "white.api.v1.hits", "black.mail.out.queue.length"]


def close(redis, a):
    tell(redis, "close", dict(a, state="closed"))


def close_long_ago(redis, a):
    """What is silent ends at its last point, days before: the alerter closed it, and was killed before it told."""
    now = int(time.time())
    id, old = a["id"], now - 2 * 86400
    key = "ridgeline:incident:" + id
    over = {"state": "closed", "start": old - 60, "end": old}
    member = json.dumps(dict(json.loads(redis.hget(key, "m:" + id)), **over))
    head = json.dumps(dict(json.loads(redis.hget(key, "head")), **over, closed_at=now, open=0))
    redis.hset(key, mapping={"m:" + id: member, "head": head})
    close(redis, dict(a, end=old))
    redis.xadd("ridgeline:incidents:events", {"kind": "close", "id": id, "json": head})
    redis.zadd("ridgeline:incidents:closed", {id: old})
    redis.zrem("ridgeline:incidents:open", id)


def counter(redis, field):
    return int(redis.hget("ridgeline:stats:alerter", field) or 0)


def settle(redis):
    """Until the alerter has had turns enough to tell whatever it would."""
    wait_for("an alerter that follows", lambda: redis.hget("ridgeline:alerter", "cursor:notify") is not None)
    time.sleep(3)


@pytest.mark.parametrize("key", [
    "ridgeline:mutes", "ridgeline:marks", "ridgeline:secret", "ridgeline:crossings:{hour}", "ridgeline:limits",
    "ridgeline:outlook", "ridgeline:overrides"])
def test_a_key_that_holds_something_else_stops_no_message(redis, alerter, hook, key):
    now = int(time.time())
    for hour in (now // 3600, now // 3600 + 1):
        redis.rpush(key.format(hour=hour), "no hash")
    alerter()
    tell(redis, "open", anomaly(NAMES[0], now - 60, now - 10, score=80))
    wait_kinds(hook, "open")


def test_four_hundred_metrics_are_one_message_and_its_end_another(redis, alerter, hook):
    now = int(time.time())
    broken = [anomaly(f"servers.web{i}.cpu", now - 60 + i % 20, now - 10, score=60 + i % 30) for i in range(400)]
    for a in broken:
        tell(redis, "open", a)
    alerter(more='rules = ( { match = "servers.**"; unit = "%"; owner = "ops"; runbook = "https://wiki/cpu"; } ); '
                 'alerter: { site = "here"; page_url = "https://ridge.example.org"; };')
    wait_kinds(hook, "open")
    for a in broken:
        close(redis, a)
    wait_kinds(hook, "open", "resolve")
    settle(redis)
    wait_kinds(hook, "open", "resolve")
    first, last = bodies(hook)
    assert first["incident"]["title"] == "servers.*.cpu" and first["incident"]["count"] == 400
    assert first["dedup_key"] == last["dedup_key"] and first["id"] != last["id"]
    assert first["alert"] == "all" and first["site"] == "here"
    assert first["page_url"] == "https://ridge.example.org/#incident=" + first["incident"]["id"]
    assert first["metadata"] == {"unit": "%", "owner": "ops", "description": None, "runbook": "https://wiki/cpu"}
    assert last["incident"]["state"] == "closed"


def test_what_is_weak_elsewhere_or_short_is_not_told(redis, alerter, hook):
    now = int(time.time())
    alerter('match = "shop.**"; min_duration = "1h";')
    tell(redis, "open", anomaly("shop.weak", now - 7200, now - 10, score=49))
    tell(redis, "open", anomaly("other.strong", now - 7200, now - 10, score=99))
    tell(redis, "open", anomaly("shop.short.lived", now - 600, now - 10, score=99))
    settle(redis)
    assert hook.requests == []
    tell(redis, "open", anomaly("shop.long.strong.one", now - 7200, now - 10, score=51))
    wait_kinds(hook, "open")


def test_an_alert_tells_of_the_states_that_it_names(redis, alerter, hook):
    now = int(time.time())
    spike, silence, both = (anomaly(name, now - 60, now - 10) for name in ("red", "green.orders", "blue.db.reads"))
    silence["opened"]["state"] = "STALE"
    both["opened"]["state"] = "DROPOUT"
    alerter('states = [ "stale", "dropout" ];')
    for a in (spike, silence, both):
        tell(redis, "open", a)
    wait_for("two messages", lambda: len(kinds(hook)) == 2)
    settle(redis)
    assert sorted(body["incident"]["first"]["what"] for body in bodies(hook)) == ["DROPOUT", "STALE"]
    for a in (spike, silence, both):
        close(redis, a)
    wait_kinds(hook, "open", "open", "resolve", "resolve")
    settle(redis)
    assert len(kinds(hook)) == 4


def break_web_and_db(redis, n=40):
    """Strong metrics of one thing, and three weaker ones of another, in one incident."""
    now = int(time.time())
    web = [anomaly(f"shop.web{i}", now - 60, now - 10, score=90) for i in range(n)]
    db = [anomaly(f"shop.db{i}", now - 50 + i, now - 10, score=60 + i) for i in range(3)]
    for a in web + db:
        tell(redis, "open", a)
    return web, db


@pytest.mark.parametrize("group_by", ["incident", "alert"])
def test_an_alert_is_told_of_its_few_metrics_among_many_stronger_ones(redis, alerter, hook, group_by):
    web, db = break_web_and_db(redis)
    daemon = alerter(f'match = "shop.db*"; group_by = "{group_by}"; min_score = 62; repeat_after = "1h";')
    wait_kinds(hook, "open")
    incident = bodies(hook)[0]["incident"]
    assert [m["metric"] for m in incident["strongest"]] == ["shop.db2", "shop.db1", "shop.db0"]
    assert incident["first"]["metric"] == "shop.db0" and incident["metrics"] == 3 and incident["score"] == 62
    assert incident["whole"] == {"title": "shop.*", "metrics": 43, "score": 90}

    def told_long_ago():
        settle(redis)
        daemon.kill()
        redis.delete("ridgeline:lease:alerter")
        key = "ridgeline:incident:" + incident["id"]
        state = redis.hget(key, "sent:all:hook").decode().split()
        redis.hset(key, "sent:all:hook", " ".join([*state[:5], str(int(state[5]) - 1800), *state[6:]]))
        daemon.start()
        settle(redis)

    now = int(time.time())
    for i in range(20):  # of these the alert says nothing
        tell(redis, "open", anomaly(f"shop.web{100 + i}", now - 30, now - 10, score=95))
    told_long_ago()
    wait_kinds(hook, "open")
    tell(redis, "open", anomaly("shop.db9", now - 20, now - 10, score=51))
    wait_kinds(hook, "open", "update")
    assert bodies(hook)[1]["incident"]["metrics"] == 4 and bodies(hook)[1]["incident"]["whole"]["metrics"] == 64
    for a in db:
        close(redis, a)
    close(redis, anomaly("shop.db9", now - 20, now - 10, score=51))
    told_long_ago()
    told_long_ago()  # nothing that the alert tells of is wrong any more: no repeat
    wait_kinds(hook, "open", "update")
    for a in web + [anomaly(f"shop.web{100 + i}", now - 30, now - 10, score=95) for i in range(20)]:
        close(redis, a)
    wait_kinds(hook, "open", "update", "resolve")
    assert [m["metric"] for m in bodies(hook)[2]["incident"]["strongest"]][0] == "shop.db2"


@pytest.mark.parametrize("how", ["restart", "reload"])
def test_an_alert_whose_match_changes_is_told_of_what_it_matches_now(redis, alerter, hook, tmp_path, how):
    break_web_and_db(redis)
    daemon = alerter('match = "shop.none*";')
    wait_for("an incident", lambda: redis.zcard("ridgeline:incidents:open") == 1)
    settle(redis)
    assert not hook.requests
    settings = tmp_path / "alerter.conf"
    settings.write_text(settings.read_text().replace("shop.none*", "shop.db*"))
    if how == "restart":
        daemon.stop()
        daemon.start()
    else:
        daemon.process.send_signal(signal.SIGHUP)
    wait_kinds(hook, "open")
    assert bodies(hook)[0]["incident"]["metrics"] == 3


def test_kills_in_between_neither_repeat_nor_lose_a_message(redis, alerter, hook):
    draw = random.Random(5)
    now = int(time.time())
    daemon = alerter()
    broken = [anomaly(name, now - 60, now - 10, score=80) for name in NAMES[:3]]
    for change in ("open", "closed"):
        for a in broken:
            tell(redis, "open" if change == "open" else "close", dict(a, state=change))
            for _ in range(3):
                time.sleep(draw.random())
                daemon.kill()
                daemon.start()
        n = 3 if change == "open" else 6
        wait_for(f"{n} messages, not {kinds(hook)}", lambda: len({b["id"] for b in bodies(hook)}) >= n)
    settle(redis)
    # A kill between the receiver's answer and the mark repeats a message, with the same id (outbox.h).
    told = {b["id"]: (b["kind"], b["incident"]["title"]) for b in bodies(hook)}
    assert sorted(told.values()) == sorted((kind, a["metric"]) for a in broken for kind in ("open", "resolve"))


def test_beyond_the_limit_one_digest_names_what_was_held_back(redis, alerter, hook):
    now = int(time.time())
    daemon = alerter(channel='rate_limit = "2/hour";')
    for name in NAMES:
        tell(redis, "open", anomaly(name, now - 60, now - 10, score=80))
    wait_for("two messages and three held", lambda: len(hook.requests) == 2 and counter(redis, "messages_held") == 3)
    daemon.stop()
    since, rest = redis.hget("ridgeline:alerter", "limit:hook").decode().split(" ", 1)
    redis.hset("ridgeline:alerter", "limit:hook", f"{int(since) - 3600} {rest}")  # an hour later
    daemon.start()
    wait_kinds(hook, "open", "open", "digest")
    digest = bodies(hook)[2]
    titles = {b["incident"]["title"] for b in bodies(hook)[:2]} | {head["title"] for head in digest["held"]}
    assert titles == set(NAMES) and digest["held_count"] == 3


def test_what_is_held_back_after_a_kill_is_not_taken_for_what_the_last_digest_told(redis, alerter, hook):
    now = int(time.time())
    daemon = alerter(channel='rate_limit = "1/hour";')
    settle(redis)
    daemon.kill()
    redis.delete("ridgeline:lease:alerter")
    # It had sent its first digest, and was killed before it noted that.
    redis.set("ridgeline:sent:hook:digest.hook.1", 1)
    redis.hset("ridgeline:alerter", "limit:hook", f"{now} 1 1 1 1 {'a' * 16}")
    a = anomaly(NAMES[0], now - 60, now - 10, score=80)
    tell(redis, "open", a)
    daemon.start()
    wait_for("it to be held back", lambda: counter(redis, "messages_held") == 1)
    settle(redis)
    assert redis.hget("ridgeline:alerter", "limit:hook").decode() == f"{now} 1 1 0 1 {a['id']}"


def test_what_is_muted_is_not_told_until_the_mute_ends(redis, alerter, hook):
    now = int(time.time())
    alerter(more='mutes = ( { name = "file"; match = "batch.**"; } );')
    saved = [{"name": "page", "saved_at": now, "match": "shop.**", "what": "notify"}]
    redis.hset("ridgeline:mutes", mapping={"version": 1, "list": json.dumps(saved)})
    tell(redis, "open", anomaly("batch.load", now - 60, now - 10, score=80))
    tell(redis, "open", anomaly("shop.orders", now - 60, now - 10, score=80))
    settle(redis)
    assert hook.requests == []
    redis.hset("ridgeline:mutes", mapping={"version": 2, "list": "[]"})
    wait_kinds(hook, "open")
    assert bodies(hook)[0]["incident"]["title"] == "shop.orders"


def test_what_is_not_muted_is_told_however_many_stronger_ones_are(redis, alerter, hook):
    now = int(time.time())
    alerter(more='mutes = ( { name = "works"; match = "shop.db.**"; } );')
    for i in range(12):
        tell(redis, "open", anomaly(f"shop.db.m{i}", now - 60, now - 10, score=90))
    settle(redis)
    assert hook.requests == []
    tell(redis, "open", anomaly("shop.web.m0", now - 50, now - 10, score=60))
    wait_kinds(hook, "open")
    incident = bodies(hook)[0]["incident"]
    assert [m["metric"] for m in incident["strongest"]] == ["shop.web.m0"] and incident["score"] == 60
    assert incident["muted"] == 12 and incident["metrics"] == 1 and incident["whole"]["metrics"] == 13
    redis.hset("ridgeline:mutes", mapping={"version": 1, "list": "[]"})
    for i in range(12):
        close(redis, anomaly(f"shop.db.m{i}", now - 60, now - 10, score=90))
    close(redis, anomaly("shop.web.m0", now - 50, now - 10, score=60))
    wait_kinds(hook, "open", "resolve")
    assert bodies(hook)[1]["incident"]["metrics"] == 13 and "muted" not in bodies(hook)[1]["incident"]


def test_an_end_is_told_after_a_kill_however_long_ago_the_last_point_was(redis, alerter, hook):
    now = int(time.time())
    daemon = alerter()
    a = anomaly("shop.orders", now - 60, now - 10, score=80)
    tell(redis, "open", a)
    wait_kinds(hook, "open")
    settle(redis)
    daemon.kill()
    redis.delete("ridgeline:lease:alerter")
    close_long_ago(redis, a)
    daemon.start()
    wait_kinds(hook, "open", "resolve")


def told_or_held(redis, ids):
    """How many of the incidents the channel need not be told of any more."""
    pipe = redis.pipeline(transaction=False)
    for id in ids:
        pipe.hget("ridgeline:incident:" + id, "sent:all:hook")
    return sum(state is not None and state.startswith(b"1 ") for state in pipe.execute())


def test_a_burst_of_more_than_the_stream_of_incidents_holds_is_told_whole(redis, alerter, hook):
    """Though Redis cuts its connections meanwhile: what was told just then may be counted twice."""
    now, n, ids = int(time.time()), 14000, []
    daemon = alerter(channel='rate_limit = "5/day";')
    settle(redis)
    daemon.process.send_signal(signal.SIGSTOP)
    pipe = redis.pipeline(transaction=False)
    for i in range(n):
        a = anomaly(f"n{i}", now - 60, now - 10)  # related to none
        ids.append(a["id"])
        pipe.hset(f"ridgeline:open:{slot_of(a['metric'])}", a["id"], json.dumps(a))
        pipe.xadd(f"ridgeline:events:{slot_of(a['metric'])}", {"kind": "open", "id": a["id"], "json": json.dumps(a)})
    pipe.execute()
    daemon.process.send_signal(signal.SIGCONT)
    wait_for("the first to be held back", lambda: counter(redis, "messages_held") > 0)
    for _ in range(3):  # each time it reads all that it knows anew, and goes on
        redis.client_kill_filter(_type="normal")
        time.sleep(2)
    wait_for("each to be told or held back", lambda: told_or_held(redis, ids) == n, every_s=1)
    wait_kinds(hook, *["open"] * 5)


def test_a_deploy_shortly_before_is_named(redis, alerter, hook):
    now = int(time.time())
    for at, text, match in ((now - 100, "deploy 1234", "shop.orders"), (now - 90, "deploy 99", "other.**"),
                            (now - 200, "deploy 1233", "shop.carts"), (now - 9000, "deploy 1", "**")):
        redis.zadd("ridgeline:marks", {json.dumps({"id": text, "at": at, "text": text, "match": match}): at})
    tell(redis, "open", anomaly("shop.orders", now - 60, now - 10, score=80))
    tell(redis, "open", anomaly("shop.carts", now - 50, now - 10, score=70))
    alerter()
    wait_kinds(hook, "open")
    assert bodies(hook)[0]["incident"]["first"]["metric"] == "shop.orders"
    assert bodies(hook)[0]["marks"] == [{"at": now - 200, "text": "deploy 1233"},
                                        {"at": now - 100, "text": "deploy 1234"}]


def test_a_link_in_a_message_has_it_seen_to_and_repeated_no_more(redis, alerter, hook, start):  # noqa: F811
    web, now = start(), int(time.time())
    alerter('repeat_after = "2s";', more=f'alerter: {{ page_url = "{web.page}/"; }};')
    tell(redis, "open", anomaly("shop.checkout.errors", now - 60, now - 10, score=80))
    wait_for("it is repeated", lambda: kinds(hook)[:3] == ["open", "update", "update"])
    link = bodies(hook)[0]["links"]["ack"]
    place, _, fragment = link.partition("#")
    assert place == web.page + "/"
    said = dict(pair.split("=") for pair in fragment.split("&"))
    ticket = {"to": said["to"], "until": int(said["until"]), "sig": said["sig"]}
    assert ticket["to"] == "hook" and 6 * 86400 < ticket["until"] - now < 8 * 86400
    r = requests.post(web.page + "/api/incident/desk", headers={"X-Ridgeline-Token": web.token()}, timeout=PATIENCE_S,
                      json={"incident": said["incident"], "kind": said["act"], "by": "Ada", "ticket": ticket})
    assert r.status_code == 200, r.text
    key = "ridgeline:incident:" + said["incident"]
    wait_for("it is seen to", lambda: json.loads(redis.hget(key, "head"))["ack"])
    settle(redis)
    seen = len(hook.requests)
    time.sleep(5)
    assert len(hook.requests) == seen
    tell(redis, "close", anomaly("shop.checkout.errors", now - 60, now - 5, score=80))
    wait_for("its end", lambda: kinds(hook)[-1] == "resolve")
    assert bodies(hook)[-1]["links"] == {"ack": None, "normal": None}

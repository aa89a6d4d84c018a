"""Incidents that an alert tells together, and what is told of alerts and channels that settings no longer have."""
import json
import random
import signal
import time

import pytest

from conftest import wait_for, write_settings
from receivers import HttpReceiver
from test_alerts import (alerter, bodies, close, close_long_ago, counter, hook, kinds,  # noqa: F401 (fixtures)
                         settle, wait_kinds)
from webapp import anomaly, start, tell  # noqa: F401 (fixture)

# No two of them make one incident; the first three share their first part.
SHOP = ["shop.cart", "shop.db.reads.slow.p99", "shop.mail.out.queue.length.max"]
PAY = "pay.card.errors"


def opened(redis, name, score=80):
    now = int(time.time())
    a = anomaly(name, now - 60, now - 10, score=score)
    tell(redis, "open", a)
    return a


def sent_field(redis, a, field="sent:all:hook"):
    return redis.hget("ridgeline:incident:" + a["id"], field)


def an_hour_later(redis, daemon, a):
    """Stops the alerter, puts back when the group that `a` leads was last told, and starts it again."""
    daemon.stop()
    told, held, pending, sequence, count, at, *rest = sent_field(redis, a).decode().split()
    redis.hset("ridgeline:incident:" + a["id"], "sent:all:hook",
               " ".join([told, held, pending, sequence, count, str(int(at) - 3600), *rest]))
    daemon.start()


def wait_open(redis, n):
    wait_for(f"{n} incidents", lambda: redis.zcard("ridgeline:incidents:open") == n)


def test_what_shares_its_first_part_is_told_as_one(redis, alerter, hook):
    daemon = alerter('group_by = "prefix:1";')
    first = opened(redis, SHOP[0])
    wait_kinds(hook, "open")
    others = [opened(redis, name) for name in SHOP[1:]]
    pay = opened(redis, PAY)
    wait_kinds(hook, "open", "open")
    wait_for("all to be told with the first", lambda: all(
        (sent_field(redis, a) or b"").endswith(b" with=" + first["id"].encode()) for a in others))
    an_hour_later(redis, daemon, first)
    wait_kinds(hook, "open", "open", "update")
    close(redis, first)  # who leads may be over long before the others are
    close(redis, others[0])
    close(redis, pay)
    wait_kinds(hook, "open", "open", "update", "resolve")
    settle(redis)
    wait_kinds(hook, "open", "open", "update", "resolve")
    close(redis, others[1])
    wait_kinds(hook, "open", "open", "update", "resolve", "resolve")
    settle(redis)
    opening, opening_of_pay, update, end_of_pay, end = bodies(hook)
    assert opening["dedup_key"] == update["dedup_key"] == end["dedup_key"] == first["id"] + ".all"
    assert opening_of_pay["dedup_key"] == end_of_pay["dedup_key"] == pay["id"] + ".all"
    assert "group" not in opening["incident"]
    assert update["incident"]["group"] == {"id": first["id"], "incidents": 3}
    assert update["incident"]["title"] == "shop.**" and update["incident"]["metrics"] == 3
    assert update["incident"]["state"] == "open" and end["incident"]["state"] == "closed"
    assert end["incident"]["group"]["incidents"] == 3 and end["incident"]["open"] == 0
    assert len(hook.requests) == 5
    # What comes later is another group.
    again = opened(redis, "shop.x.y.z")
    wait_kinds(hook, "open", "open", "update", "resolve", "resolve", "open")
    assert bodies(hook)[-1]["dedup_key"] == again["id"] + ".all"


def test_what_is_not_worth_a_message_joins_no_group(redis, alerter, hook):
    alerter('group_by = "alert"; min_score = 70; match = "shop.**";')
    opened(redis, SHOP[0])
    wait_kinds(hook, "open")
    weak, foreign = opened(redis, SHOP[1], score=60), opened(redis, PAY)
    wait_open(redis, 3)
    settle(redis)
    assert sent_field(redis, weak) is None and sent_field(redis, foreign) is None
    wait_kinds(hook, "open")


def test_forty_incidents_are_one_message_of_an_alert_whenever_it_is_killed(redis, alerter, hook):
    draw, daemon = random.Random(7), alerter('group_by = "alert";')
    broken = []
    for i in range(40):
        broken.append(opened(redis, f"a{i}.b{i}.c{i}"))
        if i % 8 == 7:
            time.sleep(draw.random())
            daemon.kill()
            daemon.start()
    wait_open(redis, 40)
    leader = wait_for("who leads", lambda: [a for a in broken if b" key=" in (sent_field(redis, a) or b"")])
    wait_for("all the others to follow", lambda: sum(
        b" with=" + leader[0]["id"].encode() in (sent_field(redis, a) or b"") for a in broken) == 39)
    draw.shuffle(broken)
    for i, a in enumerate(broken):
        close(redis, a)
        if i % 10 == 5 or i == 39:
            time.sleep(draw.random())
            daemon.kill()
            daemon.start()
    wait_for("the end", lambda: "resolve" in kinds(hook))
    wait_for("all to leave", lambda: not any(b" with=" in (sent_field(redis, a) or b"") for a in broken))
    settle(redis)
    # A kill between the receiver's answer and the mark repeats a message, with the same id (outbox.h).
    told = {b["id"]: (b["kind"], b["dedup_key"]) for b in bodies(hook)}
    assert sorted(told.values()) == [(kind, leader[0]["id"] + ".all") for kind in ("open", "resolve")]


def test_a_group_is_known_after_a_start_though_who_led_it_is_over_for_days(redis, alerter, hook):
    daemon = alerter('group_by = "prefix:1";')
    first = opened(redis, SHOP[0])
    wait_kinds(hook, "open")
    other = opened(redis, SHOP[1])
    wait_for("it follows", lambda: b"with=" in (sent_field(redis, other) or b""))
    close(redis, first)
    wait_open(redis, 1)
    settle(redis)
    daemon.kill()
    redis.delete("ridgeline:lease:alerter")
    redis.zadd("ridgeline:incidents:closed", {first["id"]: int(time.time()) - 9 * 86400})
    daemon.start()
    third = opened(redis, SHOP[2])
    wait_for("it follows too", lambda: (sent_field(redis, third) or b"").endswith(b"with=" + first["id"].encode()))
    wait_kinds(hook, "open")
    close(redis, other)
    close(redis, third)
    wait_kinds(hook, "open", "resolve")
    assert bodies(hook)[0]["dedup_key"] == bodies(hook)[1]["dedup_key"]
    assert redis.ttl("ridgeline:incident:" + first["id"]) > 89 * 86400


def test_a_group_that_goes_on_counts_no_more_what_is_over_for_days_and_keeps_who_leads_it(redis, alerter, hook):
    daemon = alerter('group_by = "prefix:1";')
    first = opened(redis, SHOP[0])
    wait_kinds(hook, "open")
    over, on = opened(redis, SHOP[1]), opened(redis, SHOP[2])
    wait_for("they follow", lambda: all(b"with=" in (sent_field(redis, a) or b"") for a in (over, on)))
    an_hour_later(redis, daemon, first)
    wait_kinds(hook, "open", "update")
    close(redis, over)
    close(redis, first)
    wait_open(redis, 1)
    settle(redis)
    daemon.stop()
    key = "ridgeline:incident:" + over["id"]
    redis.hset(key, "head", json.dumps(dict(json.loads(redis.hget(key, "head")), closed_at=int(time.time()) - 90000)))
    redis.expire("ridgeline:incident:" + first["id"], 86400)
    daemon.start()
    wait_for("it to leave", lambda: b"with=" not in sent_field(redis, over))
    wait_for("the leader to be kept", lambda: redis.ttl("ridgeline:incident:" + first["id"]) > 89 * 86400)
    opened(redis, "shop.x.y.z.w.v")
    wait_open(redis, 2)
    an_hour_later(redis, daemon, first)
    wait_kinds(hook, "open", "update", "update")  # as many as were told, but another
    assert bodies(hook)[-1]["incident"]["group"] == {"id": first["id"], "incidents": 3}


def test_a_digest_names_what_joined_a_group_whose_update_was_held_back(redis, alerter, hook):
    daemon = alerter('group_by = "alert";', channel='rate_limit = "1/hour";')
    leader = opened(redis, PAY)
    wait_kinds(hook, "open")
    other = opened(redis, SHOP[2])
    wait_for("it joins", lambda: b"with=" in (sent_field(redis, other) or b""))
    an_hour_later(redis, daemon, leader)
    wait_for("the update to be held back", lambda: counter(redis, "messages_held") == 1)
    held = redis.hget("ridgeline:alerter", "limit:hook").decode().split()[4:]
    assert held == ["2", leader["id"], other["id"]]


def test_each_incident_of_a_group_tells_who_was_told_of_it_and_with_which(redis, alerter, hook, start):  # noqa: F811
    web, daemon = start(), alerter('group_by = "alert";')

    def told(a):
        return [(r["kind"], r["outcome"], r["group"]) for r in web.json("/api/incident", id=a["id"])["notified"]]

    leader = opened(redis, PAY)
    wait_kinds(hook, "open")
    other = opened(redis, SHOP[2])
    wait_open(redis, 2)
    wait_for("it joins", lambda: told(other) == [("open", "told with", leader["id"])])
    close(redis, leader)
    wait_open(redis, 1)
    an_hour_later(redis, daemon, leader)
    wait_kinds(hook, "open", "update")
    close(redis, other)
    wait_kinds(hook, "open", "update", "resolve")
    wait_for("all of it where it is led", lambda: told(leader) == [
        (kind, "delivered", None) for kind in ("open", "update", "resolve")])
    since = [(kind, "delivered", leader["id"]) for kind in ("update", "resolve")]
    assert told(other) == [("open", "told with", leader["id"]), *since]
    # The next group of the same leader is another.
    opened(redis, SHOP[1])
    wait_kinds(hook, "open", "update", "resolve", "open")
    assert told(other)[1:] == since


def test_links_of_a_group_are_of_what_is_open(redis, alerter, hook):
    daemon = alerter('group_by = "alert";')
    leader = opened(redis, PAY)
    wait_kinds(hook, "open")
    other = opened(redis, SHOP[2])
    wait_for("it follows", lambda: b"with=" in (sent_field(redis, other) or b""))
    close(redis, leader)
    wait_open(redis, 1)
    an_hour_later(redis, daemon, leader)
    wait_kinds(hook, "open", "update")
    update = bodies(hook)[-1]
    assert update["dedup_key"] == leader["id"] + ".all" and update["incident"]["id"] == other["id"]
    assert update["page_url"].endswith("#incident=" + other["id"]) and other["id"] in update["links"]["ack"]


@pytest.fixture
def two_hooks(redis, daemons, tmp_path, hook):
    """two_hooks(alerts): writes the settings of an alerter with the channels `hook` and `other`, and returns the daemon
    and its second receiver."""
    other = HttpReceiver()

    def write(alerts, channels=("hook", "other")):
        of = {"hook": hook.url, "other": other.url}
        of_these = ", ".join(f'{{ name = "{name}"; type = "webhook"; url = "{of[name]}"; }}' for name in channels)
        return write_settings(tmp_path / "alerter.conf", f'redis = "unix:{redis.sock}"; surface_score = 50; '
                              f"channels = ( {of_these} ); alerts = ( {alerts} );")

    write.other = other
    yield write
    other.stop()


def begin_anew(redis, daemon, how):
    if how == "restart":
        daemon.stop()
        daemon.start()
    else:
        loads = counter(redis, "loads")
        daemon.process.send_signal(signal.SIGHUP)
        wait_for("a reload", lambda: counter(redis, "loads") > loads)


def ways(redis):
    return sorted(field.decode() for field in redis.hkeys("ridgeline:alerter") if field.startswith(b"way:"))


@pytest.mark.parametrize("how", ["reload", "restart"])
def test_what_a_former_alert_told_has_its_end_when_the_incident_has(redis, daemons, hook, two_hooks, how):
    daemon = daemons("alerter", two_hooks('{ name = "old"; channels = "*"; group_by = "prefix:1"; }')).wait_ready()
    other = two_hooks.other
    first = opened(redis, SHOP[0])
    wait_kinds(hook, "open")
    wait_kinds(other, "open")
    second = opened(redis, SHOP[1])
    wait_for("it follows", lambda: b"with=" in (sent_field(redis, second, "sent:old:other") or b""))
    two_hooks('{ name = "new"; channels = "hook"; match = "shop.cart"; }')  # renamed, without the other
    begin_anew(redis, daemon, how)
    wait_kinds(hook, "open", "open")  # by the alert of the new name
    assert ways(redis) == ["way:new:hook", "way:old:hook", "way:old:other"]
    opened(redis, SHOP[2])
    close(redis, first)
    wait_kinds(hook, "open", "open", "resolve")
    settle(redis)
    wait_kinds(other, "open")
    close(redis, second)
    wait_kinds(other, "open", "resolve")
    wait_kinds(hook, "open", "open", "resolve", "resolve")
    settle(redis)
    assert [b["alert"] for b in bodies(hook)] == ["old", "new", "new", "old"]
    assert [b["dedup_key"] for b in bodies(other)] == 2 * [first["id"] + ".old"]
    begin_anew(redis, daemon, how)
    wait_for("the former ways to be forgotten", lambda: ways(redis) == ["way:new:hook"])
    assert len(other.requests) == 2


def test_a_former_alert_is_known_until_the_end_is_told_of_what_closed_while_nobody_led(redis, daemons, hook, two_hooks):
    daemon = daemons("alerter", two_hooks('{ name = "old"; channels = "hook"; }')).wait_ready()
    a = opened(redis, SHOP[0])
    wait_kinds(hook, "open")
    settle(redis)
    daemon.kill()
    redis.delete("ridgeline:lease:alerter")
    close_long_ago(redis, a)
    two_hooks("")
    hook.status = 503
    with redis.pipeline(transaction=False) as pipe:  # a queue that takes no more, as long as nobody tends it
        for _ in range(10000):
            pipe.xadd("ridgeline:outbox:hook", {"json": "no message"})
        pipe.set("ridgeline:lease:channel:hook", "another", px=600000)
        pipe.execute()
    daemon.start()
    wait_for("the end to be intended", lambda: b" resolve " in sent_field(redis, a, "sent:old:hook"))
    daemon.kill()
    redis.delete("ridgeline:lease:alerter", "ridgeline:lease:channel:hook", "ridgeline:outbox:hook")
    hook.status = 200
    daemon.start()
    wait_kinds(hook, "open", "resolve")
    begin_anew(redis, daemon, "restart")
    wait_for("the former way to be forgotten", lambda: ways(redis) == [])


def test_a_channel_that_is_gone_is_told_nothing_and_one_that_told_no_ends_tells_none(redis, daemons, hook, two_hooks):
    alerts = '{ name = "quiet"; channels = "hook"; send_resolved = false; }'
    daemon = daemons("alerter", two_hooks(alerts + ', { name = "all"; channels = "other"; }')).wait_ready()
    a = opened(redis, SHOP[0])
    wait_kinds(hook, "open")
    wait_kinds(two_hooks.other, "open")
    two_hooks("", channels=("hook",))
    begin_anew(redis, daemon, "reload")
    wait_for("the ways", lambda: ways(redis) == ["way:quiet:hook"])
    close(redis, a)
    wait_open(redis, 0)
    settle(redis)
    wait_for("it to be over", lambda: sent_field(redis, a, "sent:quiet:hook").startswith(b"0 0 nothing"))
    assert len(hook.requests) == 1 and len(two_hooks.other.requests) == 1

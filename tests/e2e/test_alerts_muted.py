"""Incidents of which some metrics are muted, or known as normal: what is told of the others, and when the mute ends."""
import json
import time

import pytest

from conftest import wait_for
from test_alerts import alerter, bodies, hook, kinds, settle, wait_kinds  # noqa: F401 (fixtures)
from test_alerts_parts import see_to
from test_groups import an_hour_later, sent_field
from webapp import anomaly, tell


def mute(redis, version, *globs):
    now = int(time.time())
    redis.hset("ridgeline:mutes", mapping={"version": version, "list": json.dumps(
        [{"name": f"m{i}", "saved_at": now, "match": glob, "what": "notify"} for i, glob in enumerate(globs)])})


def opened(redis, name):
    now = int(time.time())
    tell(redis, "open", anomaly(name, now - 60, now - 10, score=80))


def only(redis):
    (id,) = redis.zrange("ridgeline:incidents:open", 0, -1)
    return {"id": id.decode()}


def wait_members(redis, n):
    key = "ridgeline:incident:" + only(redis)["id"]
    wait_for(f"{n} members", lambda: sum(field.startswith(b"m:") for field in redis.hkeys(key)) == n)


def pass_an_hour(redis, daemon):
    """For the alerter: what it told, and what it knows by now, is of an hour ago."""
    a = only(redis)
    key = "ridgeline:incident:" + a["id"]
    wait_for("its message to be noted", lambda: sent_field(redis, a).split()[2] == b"nothing")
    daemon.kill()
    redis.delete("ridgeline:lease:alerter")
    for field, value in redis.hgetall(key).items():
        if field.startswith(b"m:"):
            member = json.loads(value)
            redis.hset(key, field, json.dumps(dict(member, joined_at=member["joined_at"] - 3600)))
    an_hour_later(redis, daemon, a)


@pytest.mark.parametrize("group_by", ["incident", "prefix:1"])
def test_what_joins_and_is_muted_is_no_news(redis, alerter, hook, group_by):  # noqa: F811
    daemon = alerter(f'group_by = "{group_by}"; update_after = "1m";')
    mute(redis, 1, "shop.db1")
    opened(redis, "shop.db2")
    wait_kinds(hook, "open")
    opened(redis, "shop.db1")
    wait_members(redis, 2)
    pass_an_hour(redis, daemon)
    settle(redis)
    assert kinds(hook) == ["open"], "nobody is told of what is muted"
    opened(redis, "shop.db3")
    wait_kinds(hook, "open", "update")
    incident = bodies(hook)[1]["incident"]
    assert {m["metric"] for m in incident["strongest"]} == {"shop.db2", "shop.db3"} and incident["muted"] == 1


def test_what_joins_is_told_though_as_many_are_muted_since(redis, alerter, hook):  # noqa: F811
    opened(redis, "shop.db2")
    opened(redis, "shop.db1")
    daemon = alerter('update_after = "1m";')
    wait_kinds(hook, "open")
    assert bodies(hook)[0]["incident"]["metrics"] == 2
    mute(redis, 1, "shop.db1")
    pass_an_hour(redis, daemon)
    opened(redis, "shop.db3")
    wait_kinds(hook, "open", "update")


def test_what_is_still_open_when_its_mute_ends_is_told(redis, alerter, hook):  # noqa: F811
    daemon = alerter('update_after = "1m";')
    mute(redis, 1, "shop.db1")
    opened(redis, "shop.db1")
    settle(redis)
    opened(redis, "shop.db2")
    wait_kinds(hook, "open")
    assert bodies(hook)[0]["incident"]["metrics"] == 1
    pass_an_hour(redis, daemon)
    settle(redis)
    assert kinds(hook) == ["open"]
    mute(redis, 2)
    wait_kinds(hook, "open", "update")
    assert bodies(hook)[1]["incident"]["metrics"] == 2 and "muted" not in bodies(hook)[1]["incident"]


def test_what_joins_after_somebody_found_the_incident_normal_is_told(redis, alerter, hook):  # noqa: F811
    daemon = alerter('update_after = "1m";')
    opened(redis, "shop.db1")
    wait_kinds(hook, "open")
    pass_an_hour(redis, daemon)
    see_to(redis, "normal")
    opened(redis, "shop.db2")
    wait_kinds(hook, "open", "update")

"""Openings and ends are counted over hundreds of steps, at any of which the alerter may be killed: incidents that come
and go, told one by one and in groups, by alerts that settings take out, rename and bring back meanwhile."""
import random
import signal
import time

import pytest

from conftest import wait_for, write_settings
from test_alerts import bodies, close, hook  # noqa: F401 (fixture)
from webapp import anomaly, tell

STEPS = 200
SEED = 11
# None is related to another; they are of two teams.
NAMES = ["shop.cart", "shop.db.reads.slow.p99", "shop.mail.out.queue.length.max", "pay.card.errors",
         "pay.api.v1.hits.by.second", "pay.ledger.of.all.the.days.before.now"]
ONE = '{ name = "one"; channels = "hook"; }'
TEAM = '{ name = "team"; channels = "hook"; group_by = "prefix:1"; }'
VARIANTS = [f"{ONE}, {TEAM}", f"{ONE}, {TEAM}", ONE, TEAM.replace("team", "squad") + ", " + ONE, ""]


class Site:
    def __init__(self, redis, daemons, tmp_path, hook):
        self.redis, self.hook, self.path, self.draw = redis, hook, tmp_path / "alerter.conf", random.Random(SEED)
        self.open, self.start = {}, int(time.time()) - 4000
        self.set(VARIANTS[0])
        self.daemon = daemons("alerter", self.path).wait_ready()

    def set(self, alerts):
        self.alerts = alerts
        write_settings(self.path, f"""redis = "unix:{self.redis.sock}"; surface_score = 50;
            alerter: {{ reopen_within = "40s"; }};
            channels = ( {{ name = "hook"; type = "webhook"; url = "{self.hook.url}"; rate_limit = "none"; }} );
            alerts = ( {alerts} );""")

    def change(self):
        """What was broken is well, or the other way round."""
        name = self.draw.choice(NAMES)
        self.start += 10  # within reopen_within of the last end, or beyond it
        if name in self.open:
            close(self.redis, self.open.pop(name))
        else:
            self.open[name] = anomaly(name, self.start, self.start + 5)
            tell(self.redis, "open", self.open[name])

    def kill(self):
        self.daemon.kill()
        self.redis.delete("ridgeline:lease:alerter")
        self.daemon.start()

    def step(self):
        what = self.draw.random()
        if what < 0.6:
            self.change()
        elif what < 0.7:
            wait_for("a leader: it has read its settings, and heeds signals",
                     lambda: self.redis.exists("ridgeline:lease:alerter"))
            self.set(self.draw.choice(VARIANTS))
            self.daemon.process.send_signal(signal.SIGHUP)
        time.sleep(self.draw.random() * 0.3)
        if self.draw.random() < 0.6:
            self.kill()

    def told(self):
        """The kinds of messages under each key, in order. A kill between the receiver's answer and the mark repeats a
        message, with the same id (outbox.h)."""
        first = {}
        for body in bodies(self.hook):
            first.setdefault(body["id"], body)
        keys = {}
        for body in first.values():
            keys.setdefault(body["dedup_key"], []).append(body["kind"])
        return keys

    def check_turns(self):
        for key, kinds in self.told().items():
            turns = [kind for kind in kinds if kind != "update"]
            assert turns == (["open", "resolve"] * len(turns))[:len(turns)], (key, kinds)

    def count_open(self, alert):
        return sum(key.endswith("." + alert) and kinds[-1] != "resolve" for key, kinds in self.told().items())

    def is_told(self):
        """Whether each alert has told of all that is open, and of nothing else. What alerts that settings have no more
        told of may be open still."""
        teams = len({name.split(".")[0] for name in self.open})
        wanted = {"one": len(self.open), "team": teams, "squad": teams}
        return all(self.count_open(alert) == n if f'"{alert}"' in self.alerts else self.count_open(alert) <= n
                   for alert, n in wanted.items())

    def rest(self):
        wait_for(f"all that is open to be told: {sorted(self.open)}, not {self.told()}", self.is_told)
        self.check_turns()


@pytest.mark.long
def test_two_hundred_steps_with_kills_tell_each_opening_and_each_end_once(redis, daemons, tmp_path, hook):  # noqa: F811
    site = Site(redis, daemons, tmp_path, hook)
    for step in range(STEPS):
        site.step()
        if step % 20 == 19:
            site.rest()
    for a in site.open.values():
        close(redis, a)
    site.open = {}
    site.rest()

    def turns():  # what opened and ended while nobody led may still be told, one after the other
        told = [kind for kinds in site.told().values() for kind in kinds if kind != "update"]
        return told.count("open"), told.count("resolve")

    wait_for("as many ends as openings", lambda: len(set(turns())) == 1)
    assert turns()[0] > STEPS / 10

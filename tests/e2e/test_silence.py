"""A metric that fell silent is told of, once, until it speaks again."""
import datetime
import time

import pytest
from analyzers import events, kinds, open_anomalies, total
from conftest import wait_for, write_settings
from test_alerts import bodies, hook, kinds as kinds_sent, settle  # noqa: F401 (fixture)
from test_states import kill_and_lose, noise, write

STEP_S = 2
POINTS = 2000  # more than the hour that a metric warms up for
SILENT_S = 1200


@pytest.fixture
def settings(redis, tmp_path):
    return write_settings(tmp_path / "settings.conf", f'redis = "unix:{redis.sock}";\nretention = "2s:3d";\n'
                          'rules = ({ match = "batch.**"; stale = "no"; }, { match = "gap.**"; gap = "yes"; });\n')


def silent_since(client, name, seconds):
    """Points, the last of them `seconds` ago. Returns its time."""
    end = int(time.time()) // STEP_S * STEP_S - seconds
    write(client, name, noise(name, POINTS), end, STEP_S)
    return end


def silence_of(redis, name):
    return [a for a in open_anomalies(redis) if a["metric"] == name and a["opened"]["state"] == "STALE"]


def test_a_metric_that_died_is_told_of_and_one_that_came_back_no_more(redis, settings, daemons):
    last_t = silent_since(redis, "app.dead", SILENT_S)
    silent_since(redis, "batch.nightly", SILENT_S)
    silent_since(redis, "app.short", 60)
    silent_since(redis, "app.removed", 2 * 86400)
    daemons("analyzer", settings).wait_ready()
    wait_for("all judged", lambda: total(redis, "judged") == 4 * POINTS)
    told = wait_for("the silence", lambda: open_anomalies(redis))
    assert [a["metric"] for a in told] == ["app.dead"]
    assert told[0]["start"] == told[0]["opened"]["since"] == last_t + STEP_S
    assert told[0]["value"] is None and told[0]["direction"] == "unknown"
    back = int(time.time()) // STEP_S * STEP_S
    write(redis, "app.dead", [100.0], back, STEP_S)
    wait_for("its end", lambda: kinds(redis, "app.dead")[-1] == "close")
    assert events(redis, "app.dead")[-1][1]["end"] == back
    assert not open_anomalies(redis)


@pytest.mark.parametrize("saved", [False, True])
def test_a_silence_is_told_once_over_a_killed_worker(redis, settings, daemons, saved):
    silent_since(redis, "app.dead", SILENT_S)
    d = daemons("analyzer", settings).wait_ready()
    wait_for("the silence", lambda: silence_of(redis, "app.dead"))
    if saved:
        d.stop()
    else:
        d.kill()
    d.start()
    wait_for("all judged", lambda: total(redis, "caught_up") == 1)
    silent_since(redis, "app.other", SILENT_S)  # a later pass over the first is over when this one is told
    wait_for("another silence", lambda: silence_of(redis, "app.other"))
    assert [kind for kind in kinds(redis, "app.dead") if kind != "update"] == ["open"]
    assert len(silence_of(redis, "app.dead")) == 1


@pytest.mark.parametrize("lost", [False, True])
def test_a_silence_that_was_told_is_no_gap_beside_it(redis, settings, daemons, lost):
    last_t = silent_since(redis, "gap.dead", SILENT_S)
    d = daemons("analyzer", settings).wait_ready()
    wait_for("the silence", lambda: silence_of(redis, "gap.dead"))
    back = int(time.time()) // STEP_S * STEP_S
    if lost:
        kill_and_lose(redis, d)
    for n in (1, 2):  # what the first ones had to tell is told when the second ones are judged
        write(redis, "gap.dead", noise("back", 5), back - (2 - n) * 5 * STEP_S, STEP_S)
        if lost and n == 1:
            d.start()
        # The silent are asked each minute.
        wait_for("all judged", lambda: total(redis, "judged") == POINTS + 5 * n)
    told = [(kind, a["start"]) for kind, a in events(redis, "gap.dead") if kind != "update"]
    ends = [] if lost else ["close"]  # who finds but the gap closes it as any anomaly, after close_after
    assert told == [(kind, last_t + STEP_S) for kind in ["open"] + ends]


def test_a_sender_that_falls_silent_is_one_message_to_who_asks_for_silences(redis, settings, daemons, hook):
    n, last_t, values = 300, int(time.time()) // STEP_S * STEP_S - SILENT_S, noise("web1", POINTS)
    for i in range(n):
        write(redis, f"servers.web1.m{i}", values, last_t, STEP_S)
    write(redis, "app.spike", noise("spike", POINTS) + [400.0] * 3, last_t + SILENT_S, STEP_S)
    settings.write_text(settings.read_text() + f"""surface_score = 50;
        channels = ( {{ name = "hook"; type = "webhook"; url = "{hook.url}"; }} );
        alerts = ( {{ name = "dead"; channels = "hook"; states = "stale"; }} );""")
    daemons("analyzer", settings).wait_ready()
    wait_for("the spike", lambda: [a for a in open_anomalies(redis) if a["metric"] == "app.spike"])
    wait_for("all silences", lambda: len(open_anomalies(redis)) == n + 1)
    daemons("alerter", settings).wait_ready()
    wait_for("the message", lambda: kinds_sent(hook) == ["open"])
    settle(redis)
    assert kinds_sent(hook) == ["open"]
    incident = bodies(hook)[0]["incident"]
    assert incident["title"] == "servers.web1.*" and incident["metrics"] == n
    assert incident["first"]["what"] == "STALE" and incident["start"] == last_t + STEP_S


def mutes(what, match, since):
    begin = datetime.datetime.fromtimestamp(since, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return f'mutes = ( {{ name = "m"; match = "{match}"; what = "{what}"; from = "{begin}"; }} );\n'


def test_a_mute_opens_no_silence_and_ends_one_for_good(redis, settings, daemons):
    plain = settings.read_text()
    settings.write_text(plain + mutes("open", "muted.**", time.time() - 3600))
    silent_since(redis, "app.dead", SILENT_S)
    silent_since(redis, "muted.dead", SILENT_S)
    d = daemons("analyzer", settings).wait_ready()
    wait_for("the silence", lambda: silence_of(redis, "app.dead"))
    d.stop()
    settings.write_text(plain + mutes("open", "app.**", time.time() - 3600))
    d.start()
    wait_for("the muted one's end", lambda: kinds(redis, "app.dead")[-1] == "close")
    wait_for("the silence that is muted no more", lambda: silence_of(redis, "muted.dead"))
    d.kill()
    settings.write_text(plain)
    d.start()
    silent_since(redis, "other.dead", SILENT_S)
    wait_for("another silence", lambda: silence_of(redis, "other.dead"))
    assert [kind for kind in kinds(redis, "app.dead") if kind != "update"] == ["open", "close"]
    assert [kind for kind in kinds(redis, "muted.dead") if kind != "update"] == ["open"]


def test_a_point_that_is_not_learnt_from_ends_a_silence_too(redis, settings, daemons):
    last_t = silent_since(redis, "app.dead", SILENT_S)
    d = daemons("analyzer", settings).wait_ready()
    wait_for("the silence", lambda: silence_of(redis, "app.dead"))
    d.stop()
    back = last_t + SILENT_S // 2  # held back by a relay
    settings.write_text(settings.read_text() + mutes("learn", "app.**", back))
    write(redis, "app.dead", [100.0], back, STEP_S)
    d.start()
    wait_for("the held point", lambda: total(redis, "held") == 1)
    wait_for("its end", lambda: kinds(redis, "app.dead")[-1] == "close")
    assert events(redis, "app.dead")[-1][1]["end"] == back


@pytest.mark.parametrize("saved", [False, True])
def test_what_went_wrong_in_a_silence_that_was_none_is_told(redis, settings, daemons, saved):
    last_t = silent_since(redis, "app.dead", SILENT_S)
    d = daemons("analyzer", settings).wait_ready()
    wait_for("the silence", lambda: silence_of(redis, "app.dead"))
    if saved:
        d.stop()
    else:
        d.kill()
    held_back = noise("held back", 100) + [v + 400 for v in noise("fault", 100)]
    write(redis, "app.dead", held_back, last_t + 200 * STEP_S, STEP_S)
    d.start()
    fault = wait_for("the fault", lambda: [a for a in open_anomalies(redis) if a["opened"]["state"] == "ANOMALOUS"])
    assert fault[0]["start"] == last_t + 101 * STEP_S
    told = [(a["start"], kind) for kind, a in events(redis, "app.dead") if kind != "update"]
    assert sorted(told) == [(last_t + STEP_S, "close"), (last_t + STEP_S, "open"), (fault[0]["start"], "open")]

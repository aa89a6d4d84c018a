"""Marks that come as carbon points: through every listener and the real relays to charts and messages."""
import email.policy
import json
import shutil
import socket
import subprocess
import time

import pytest

from books import assert_reconciled, books, rejected
from conftest import PATIENCE_S, canonical, wait_for
from receivers import MailServer
from senders import CarbonCRelay, CarbonRelay, line_payload, pickle_frames, send_tcp
from test_alerts import alerter, bodies, hook, wait_kinds  # noqa: F401 (fixtures)
from webapp import anomaly, start, tell, web  # noqa: F401 (fixtures)


def marks(redis):
    """(text, at, match) of what is kept."""
    kept = [(json.loads(member), at) for member, at in redis.zrange("ridgeline:marks", 0, -1, withscores=True)]
    assert all(m["at"] == at for m, at in kept)
    return sorted((m["text"], m["at"], m["match"]) for m, _ in kept)


def netcat(port, text):
    subprocess.run([shutil.which("nc"), "-q1", "127.0.0.1", str(port)], input=text.encode(), check=True,
                   timeout=PATIENCE_S)


def test_a_line_is_a_mark_as_one_from_the_api_and_named_in_messages(web, horizon, alerter, hook):  # noqa: F811
    now = int(time.time())
    horizon.redis.set("metrics.shop.orders", b"".join(canonical(now - 600 + 10 * i, 5.0) for i in range(60)))
    netcat(horizon.line, f"ridgeline.marks.deploy.v1.2;match=shop.** 1 {now - 100}\n"
                         f"ridgeline.marks.migration 1 {now - 90}\n"
                         f"ridgeline.marks.deploy.9;match=other.** 1 {now - 80}\n")
    wait_for("the marks", lambda: len(marks(horizon.redis)) == 3)
    kept = web.json("/api/marks")["marks"]
    assert [(m["at"], m["text"], m["match"]) for m in kept] == [
        (now - 100, "deploy v1.2", "shop.**"), (now - 90, "migration", "**"), (now - 80, "deploy 9", "other.**")]
    named = [{"at": now - 100, "text": "deploy v1.2"}, {"at": now - 90, "text": "migration"}]
    assert web.json("/api/series", metric="shop.orders", **{"from": now - 600, "until": now})["marks"] == named
    assert not horizon.redis.exists("metrics.ridgeline.marks.migration")

    tell(horizon.redis, "open", anomaly("shop.orders", now - 60, now - 10, score=80))
    alerter()
    wait_kinds(hook, "open")
    assert bodies(hook)[0]["marks"] == named


def test_marks_of_others_hide_none_of_a_metrics_own(web, redis):
    now = int(time.time())
    redis.set("metrics.shop.orders", b"".join(canonical(now - 600 + 10 * i, 5.0) for i in range(60)))
    for i in range(300):
        mark = {"id": f"{i}", "at": now - 500 + i, "text": f"deploy {i}", "match": "shop.**" if i < 3 else "other.**"}
        redis.zadd("ridgeline:marks", {json.dumps(mark): mark["at"]})
    shown = web.json("/api/series", metric="shop.orders", **{"from": now - 600, "until": now})["marks"]
    assert shown == [{"at": now - 500 + i, "text": f"deploy {i}"} for i in range(3)]
    assert len(web.json("/api/marks")["marks"]) == 200


def test_a_mail_names_the_marks_of_lines_the_nearest_first(horizon, daemons, tmp_path):
    now, server = int(time.time()), MailServer(tmp_path)
    try:
        settings = tmp_path / "alerter.conf"
        settings.write_text(f"""redis = "unix:{horizon.redis.sock}"; surface_score = 50;
            channels = ( {{ name = "post"; type = "mail"; server = "{server.url}"; ca_file = "{server.certificate}";
                            user = "ops"; password = "s3cret"; to = "a@example.org"; from = "b@example.org"; }} );
            alerts = ( {{ name = "all"; channels = "post"; }} );""")
        for text, at in (("deploy.1234", now - 100), ("deploy.1233", now - 160), ("migration.7", now - 660)):
            send_tcp(horizon.line, f"ridgeline.marks.{text} 1 {at}\n".encode())
        wait_for("the marks", lambda: len(marks(horizon.redis)) == 3)
        tell(horizon.redis, "open", anomaly("shop.orders", now - 60, now - 10, score=80))
        daemons("alerter", settings).wait_ready()
        wait_for("the mail", lambda: server.mails)
        mail = email.message_from_bytes(server.mails[0][2], policy=email.policy.default)
        for form in ("plain", "html"):
            said = "40s after deploy 1234, 1m40s after deploy 1233, 10m00s after migration 7"
            assert said in mail.get_body([form]).get_content()
    finally:
        server.stop()


def test_every_listener_takes_marks_and_the_books_reconcile(horizon):
    now = int(time.time())
    send_tcp(horizon.line, line_payload([("ridgeline.marks.line.tcp", now, 1), ("a.b", now, 1.0)]))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.sendto(f"ridgeline.marks.line.udp 1 {now}\n".encode(), ("127.0.0.1", horizon.udp))
    send_tcp(horizon.pickle, pickle_frames([("ridgeline.marks.pickle.one;match=a.*", now, 1), ("a.b", now, 2.0)]))
    wait_for("the marks", lambda: marks(horizon.redis) == [
        ("line tcp", now, "**"), ("line udp", now, "**"), ("pickle one", now, "a.*")])
    send_tcp(horizon.line, f"ridgeline.marks.line.tcp 1 {now}\n".encode())  # again: the same mark
    wait_for("the books", lambda: books(horizon).get("stored") == "6")
    assert books(horizon)["marks"] == "4" and books(horizon)["accepted"] == "6"
    assert len(marks(horizon.redis)) == 3
    assert_reconciled(horizon)


def test_a_flood_is_rejected_and_counted_and_pushes_out_nobodys_mark(horizons):
    h = horizons(horizon='mark_limit = "20/day";')
    now = int(time.time())
    people = {json.dumps({"id": str(i), "at": now - i, "text": f"person {i}", "match": "**"}): now - i
              for i in range(9000)}
    h.redis.zadd("ridgeline:marks", people)
    send_tcp(h.line, line_payload([(f"ridgeline.marks.flood.{i}", now, 1) for i in range(500)] + [("a.b", now, 1.0)]))
    send_tcp(h.line, b"ridgeline.marks. 1 -1\nridgeline.marks.x;match=[ 1 -1\n")
    wait_for("the books", lambda: books(h).get("received") == "503" and books(h)["queued"] == "0")
    assert rejected(h, "mark_limit") == 480 and rejected(h, "bad_mark") == 2
    assert books(h)["stored"] == "21" and books(h)["marks"] == "20"
    assert_reconciled(h)
    kept = marks(h.redis)
    assert len(kept) == 9020 and sum(text.startswith("flood ") for text, _, _ in kept) == 20


def test_the_oldest_marks_give_way_to_new_ones(horizon):
    now, day = int(time.time()), 86400
    old = {json.dumps({"id": "old", "at": now - 91 * day, "text": "old", "match": "**"}): now - 91 * day}
    young = {f'{{"id": "{i}", "at": {now - i}, "text": "x", "match": "**"}}': now - i for i in range(1, 10001)}
    horizon.redis.zadd("ridgeline:marks", old | young)
    send_tcp(horizon.line, f"ridgeline.marks.new 1 {now}\n".encode())
    wait_for("the mark", lambda: horizon.redis.zcount("ridgeline:marks", now, now) == 1)
    assert horizon.redis.zcard("ridgeline:marks") == 10000
    assert horizon.redis.zcount("ridgeline:marks", "-inf", now - 10000) == 0


def test_marks_that_come_while_redis_is_away_are_kept(horizon, redis_server):
    now = int(time.time())
    redis_server.kill()
    send_tcp(horizon.line, line_payload([("ridgeline.marks.deploy.1", now, 1), ("a.b", now, 1.0)]))
    redis_server.start()
    wait_for("the mark", lambda: marks(horizon.redis) == [("deploy 1", now, "**")])
    wait_for("the books", lambda: books(horizon).get("stored") == "2")
    assert_reconciled(horizon)


def test_a_key_of_another_type_costs_the_mark_alone(horizon):
    horizon.redis.set("ridgeline:marks", "no zset")
    now = int(time.time())
    send_tcp(horizon.line, line_payload([("ridgeline.marks.deploy.1", now, 1), ("a.b", now, 1.0)]))
    wait_for("the books", lambda: books(horizon).get("dropped") == "1" and books(horizon)["stored"] == "1")
    assert_reconciled(horizon)


@pytest.mark.parametrize("prefix, kept", [("", []), ("events.", [("deploy 1", "**")])])
def test_the_prefix_is_the_operators(horizons, prefix, kept):
    h = horizons(horizon=f'mark_prefix = "{prefix}";')
    now = int(time.time())
    send_tcp(h.line, line_payload([("ridgeline.marks.x", now, 1.0), ("events.deploy.1", now, 1.0)]))
    wait_for("both", lambda: books(h).get("stored") == "2")
    assert [(text, match) for text, _, match in marks(h.redis)] == kept
    assert h.redis.exists("metrics.ridgeline.marks.x")
    assert h.redis.exists("metrics.events.deploy.1") == (prefix == "")


@pytest.mark.parametrize("kind", ["carbon-relay pickle", "carbon-relay line", "carbon-c-relay"])
def test_a_relay_passes_marks_on(horizon, tmp_path, kind):
    now, port = int(time.time()), horizon.pickle if kind.endswith("pickle") else horizon.line
    relay = (CarbonCRelay(tmp_path / "relay", port) if kind == "carbon-c-relay" else
             CarbonRelay(tmp_path / "relay", [port], kind.split()[1]))
    try:
        send_tcp(relay.port, line_payload([("ridgeline.marks.deploy.1234", now, 1),
                                           ("ridgeline.marks.deploy.1235;match=shop.**", now, 1)]))
        expected = [("deploy 1234", now, "**"), ("deploy 1235", now, "shop.**")]
        wait_for("the marks", lambda: marks(horizon.redis) == expected)
    finally:
        relay.stop()

"""Each type of channel against a real receiver; what a slow, dead or killed one costs: nothing, and nothing twice."""
import email
import email.policy
import hashlib
import hmac
import json
import math
import os
import random
import signal
import socket
import stat
import struct
import subprocess
import time

import pytest
import requests

from conftest import BUILD, RedisServer, canonical, free_ports, stop, wait_for, write_settings
from receivers import Dialogue, Fifo, HttpReceiver, Lines, MailServer, SlowLoris
from test_webapp import anomaly, tell

EVIL = "evil\r\nBcc: x@example.org\u2028<script>|;<!channel>"


@pytest.fixture
def running():
    """running(receiver): stops it after the test."""
    started = []

    def begin(receiver):
        started.append(receiver)
        return receiver

    yield begin
    for receiver in reversed(started):
        receiver.stop()


@pytest.fixture
def alerter(redis, daemons, tmp_path):
    """alerter(name={type, options...}, ...): an alerter that delivers to these channels."""
    def begin(**channels):
        groups = ", ".join("{ " + " ".join(f"{option} = {json.dumps(value)};" for option, value in
                                           dict(options, name=name.replace("_", "-")).items()) + " }"
                           for name, options in channels.items())
        settings = write_settings(tmp_path / "alerter.conf", f'redis = "unix:{redis.sock}"; channels = ( {groups} );')
        return daemons("alerter", settings)

    return begin


def head(title="shop.checkout.**", start=None, count=2):
    start = start or int(time.time()) - 90
    members = [{"id": f"{i:016x}", "metric": title.replace("**", f"m{i}"), "start": start, "end": start + 60,
                "state": "open", "direction": "down", "score": 93.4 - i, "peak_at": start + 30} for i in range(count)]
    return {"id": f"{0:016x}", "state": "open", "start": start, "end": start + 60, "told_at_ms": start * 1000,
            "closed_at": None, "title": title, "count": count, "metrics": count, "open": count, "score": 93.4, "direction": "down",
            "first": members[0], "strongest": members, "reopened": 0}


def message(kind="open", id="m1", key="inc-1", **more):
    return {"version": 1, "id": id, "kind": kind, "dedup_key": key, "alert": "checkout", "site": "shop",
            "page_url": "https://ridge.example.org/#incident=1", "incident": head(), "held": [], "held_count": 0,
            "metadata": {"unit": None, "owner": None, "description": None, "runbook": None}, "marks": [], **more}


def queue(redis, channel, m):
    """As the alerter itself queues it."""
    redis.xadd(f"ridgeline:outbox:{channel}", {"json": json.dumps(m) if isinstance(m, dict) else m})


def counter(redis, channel, field):
    return int(redis.hget(f"ridgeline:stats:alerter.{channel}", field) or 0)


def last_error(redis, channel):
    return redis.hget(f"ridgeline:stats:alerter.{channel}", "last_error")


def test_a_webhook_is_signed_and_sent_once(redis, alerter, running):
    hook = running(HttpReceiver())
    alerter(hook={"type": "webhook", "url": hook.url, "secret": "k3y", "method": "PUT",
                  "headers": "X-Team: ops\nX-B: c"})
    queue(redis, "hook", message())
    queue(redis, "hook", message())
    queue(redis, "hook", "no message")
    queue(redis, "hook", message("resolve", "m2"))
    wait_for("two requests", lambda: len(hook.requests) == 2)
    wait_for("the counters", lambda: counter(redis, "hook", "duplicates") == 1 and
             counter(redis, "hook", "rejected") == 1 and counter(redis, "hook", "delivered") == 2)
    assert redis.xlen("ridgeline:outbox:hook") == 0
    for method, path, headers, body in hook.requests:
        assert (method, path, headers["X-Team"], headers["X-B"]) == ("PUT", "/hook", "ops", "c")
        signed = headers["X-Ridgeline-Timestamp"].encode() + b"." + body
        wanted = "sha256=" + hmac.new(b"k3y", signed, hashlib.sha256).hexdigest()
        assert hmac.compare_digest(headers["X-Ridgeline-Signature"], wanted)
        assert abs(int(headers["X-Ridgeline-Timestamp"]) - time.time()) < 60
    assert [json.loads(r[3])["kind"] for r in hook.requests] == ["open", "resolve"]


def test_a_receiver_that_was_down_gets_each_message_once_though_the_alerter_was_killed(redis, alerter, running):
    port, = free_ports(1)
    url = f"http://127.0.0.1:{port}/hook"
    d = alerter(hook={"type": "webhook", "url": url})
    queue(redis, "hook", message())
    wait_for("a failure", lambda: counter(redis, "hook", "retries") >= 2)
    assert counter(redis, "hook", "failing") == 1
    assert last_error(redis, "hook")
    d.kill()
    queue(redis, "hook", message("resolve", "m2"))
    hook = running(HttpReceiver(port))
    d.start()
    wait_for("both", lambda: len(hook.requests) == 2)
    wait_for("an empty queue", lambda: redis.xlen("ridgeline:outbox:hook") == 0)
    time.sleep(1)
    assert [json.loads(r[3])["id"] for r in hook.requests] == ["m1", "m2"]


def test_a_slow_loris_delays_no_other_channel_and_ends_with_the_time_limit(redis, alerter, running):
    loris, hook = running(SlowLoris()), running(HttpReceiver())
    alerter(loris={"type": "webhook", "url": loris.url, "timeout": "3s"}, hook={"type": "webhook", "url": hook.url})
    queue(redis, "loris", message())
    wait_for("the loris", lambda: loris.taken >= 1)
    for i in range(5):
        queue(redis, "hook", message(id=f"h{i}"))
    wait_for("the others", lambda: len(hook.requests) == 5)
    assert counter(redis, "loris", "delivered") == 0
    wait_for("an end and a second try", lambda: loris.taken >= 2 and counter(redis, "loris", "retries") >= 1)
    assert redis.xlen("ridgeline:outbox:loris") == 1


@pytest.mark.parametrize("drop, pause_s", [(b"X", 1), (b"X" * 65536, 0.001)], ids=["trickles", "floods"])
def test_what_was_taken_is_not_sent_again_though_the_answer_has_no_end(redis, alerter, running, drop, pause_s):
    hook = running(SlowLoris(b"HTTP/1.1 200 OK\r\n\r\n", drop, pause_s))
    alerter(hook={"type": "webhook", "url": hook.url, "timeout": "2s"})
    queue(redis, "hook", message())
    wait_for("the delivery", lambda: counter(redis, "hook", "delivered") == 1)
    assert counter(redis, "hook", "retries") == 0 and hook.taken == 1


def test_what_the_receiver_refuses_is_a_dead_letter_and_holds_up_nothing(redis, alerter, running):
    hook = running(HttpReceiver(status=422))
    alerter(hook={"type": "webhook", "url": hook.url})
    queue(redis, "hook", message())
    wait_for("a dead letter", lambda: counter(redis, "hook", "dead_letters") == 1)
    hook.status = 204
    queue(redis, "hook", message(id="m2"))
    wait_for("the next", lambda: counter(redis, "hook", "delivered") == 1)
    (_, fields), = redis.xrange("ridgeline:dead:hook")
    assert json.loads(fields[b"json"])["id"] == "m1"
    assert fields[b"reason"] == b"HTTP 422: said  so"


def test_a_status_that_may_pass_is_tried_again_when_the_receiver_says(redis, alerter, running):
    hook = running(HttpReceiver(status=503, headers=[("Retry-After", "1")]))
    alerter(hook={"type": "webhook", "url": hook.url})
    queue(redis, "hook", message())
    wait_for("four tries, a second apart where the back-off would be eight", lambda: len(hook.requests) >= 4)
    hook.status = 200
    wait_for("the delivery", lambda: counter(redis, "hook", "delivered") == 1)


def test_a_redis_that_forgot_a_delivery_does_not_repeat_it(redis, alerter, running):
    hook = running(HttpReceiver())
    alerter(hook={"type": "webhook", "url": hook.url})
    queue(redis, "hook", message())
    wait_for("the delivery", lambda: counter(redis, "hook", "delivered") == 1)
    wait_for("the mark", lambda: redis.delete("ridgeline:sent:hook:m1"))  # as a killed Redis loses its last second
    queue(redis, "hook", message())
    wait_for("an empty queue", lambda: redis.xlen("ridgeline:outbox:hook") == 0)
    assert len(hook.requests) == 1
    assert redis.exists("ridgeline:sent:hook:m1")


def test_a_mail_goes_out_over_tls_and_shows_what_is_wrong(redis, alerter, running, tmp_path):
    server = running(MailServer(tmp_path))
    alerter(mail={"type": "mail", "to": "a@example.org, b@example.org", "from": "ridgeline@example.org",
                  "server": server.url, "tls": "required", "user": "ops", "password": "s3cret",
                  "ca_file": server.certificate})
    server.refuse = "b@"
    queue(redis, "mail", message(metadata={"unit": "1/s", "owner": "team k\u00f6ln", "description": EVIL,
                                           "runbook": "https://wiki/x"}))
    queue(redis, "mail", message("resolve", "m2"))
    wait_for("two mails", lambda: len(server.mails) == 2)
    sender, to, content = server.mails[0]
    assert (sender, to) == ("ridgeline@example.org", ["a@example.org"])
    mail = email.message_from_bytes(content, policy=email.policy.default)
    assert mail["Subject"] == "[shop] OPEN shop.checkout.**: 2 metrics, down, score 93"
    assert mail["To"] == "a@example.org, b@example.org"
    assert mail.get_content_type() == "multipart/alternative"
    plain, html = mail.get_body(("plain",)).get_content(), mail.get_body(("html",)).get_content()
    assert "team k\u00f6ln" in plain and "https://ridge.example.org/#incident=1" in plain
    assert "team k\u00f6ln" in html and "<script" not in html and 'href="https://wiki/x"' in html
    other = email.message_from_bytes(server.mails[1][2], policy=email.policy.default)
    assert other["References"] == mail["References"] and other["Message-ID"] != mail["Message-ID"]


def test_a_mail_shows_a_chart_of_the_first_mover(redis, alerter, running, tmp_path):
    server, now = running(MailServer(tmp_path)), int(time.time())
    name = "shop.checkout.m0"
    values = [100 + 20 * math.sin(i / 200) + random.Random(i).gauss(0, 3) for i in range(2160)]
    values[-60:] = [v / 4 for v in values[-60:]]
    redis.set("metrics." + name, b"".join(canonical(now - 10 * (len(values) - i), v) for i, v in enumerate(values)))
    alerter(mail={"type": "mail", "to": "a@example.org", "from": "r@example.org", "server": server.url,
                  "user": "ops", "password": "s3cret", "ca_file": server.certificate})
    queue(redis, "mail", message(incident=head(start=now - 600), metadata={"unit": "1/s", "owner": None,
                                                                          "description": None, "runbook": None}))
    queue(redis, "mail", message("resolve", "m2", incident=head("gone.metric")))
    wait_for("two mails", lambda: len(server.mails) == 2)
    mail = email.message_from_bytes(server.mails[0][2], policy=email.policy.default)
    picture, = (part for part in mail.walk() if part.get_content_type() == "image/png")
    assert picture["Content-ID"] == "<chart@ridgeline>"
    assert 'src="cid:chart@ridgeline"' in mail.get_body(("html",)).get_content()
    png = picture.get_content()
    (tmp_path / "chart.png").write_bytes(png)
    assert png[:8] == b"\x89PNG\r\n\x1a\n" and struct.unpack(">II", png[16:24]) == (1200, 480)
    other = email.message_from_bytes(server.mails[1][2], policy=email.policy.default)
    assert "image/png" not in [part.get_content_type() for part in other.walk()], "there are no points to show"


def test_no_name_unit_or_note_adds_a_header_to_a_mail(redis, alerter, running, tmp_path):
    server = running(MailServer(tmp_path))
    alerter(mail={"type": "mail", "to": "a@example.org", "from": "r@example.org", "server": server.url,
                  "user": "ops", "password": "s3cret", "ca_file": server.certificate})
    metadata = dict.fromkeys(("unit", "owner", "description", "runbook"), EVIL)
    queue(redis, "mail", message(incident=head(EVIL), site=EVIL, alert=EVIL, key=EVIL, page_url=EVIL,
                                 metadata=metadata, marks=[{"at": 1, "text": EVIL}]))
    wait_for("the mail", lambda: server.mails)
    _, to, content = server.mails[0]
    mail = email.message_from_bytes(content, policy=email.policy.default)
    assert to == ["a@example.org"]
    assert set(mail.keys()) == {"From", "To", "Subject", "Date", "Message-ID", "References", "In-Reply-To",
                                "Auto-Submitted", "Content-Type", "Mime-Version"}


def test_a_wrong_password_or_certificate_keeps_the_mail(redis, alerter, running, tmp_path):
    server = running(MailServer(tmp_path))
    common = {"type": "mail", "to": "a@example.org", "from": "r@example.org", "server": server.url, "user": "ops"}
    alerter(login=dict(common, password="wrong", ca_file=server.certificate),
            stranger=dict(common, password="s3cret"))
    for channel in ("login", "stranger"):
        queue(redis, channel, message())
        wait_for("a failure", lambda: counter(redis, channel, "retries") >= 1)
        assert redis.xlen(f"ridgeline:outbox:{channel}") == 1
    assert not server.mails


@pytest.mark.parametrize("answers, dead", [
    ({"": "554 no service for you today"}, False), ({"EHLO": "550 no", "HELO": "550 no"}, False),
    ({"MAIL": "530 5.7.0 authentication required"}, False),
    ({"RCPT TO:<a": "451 greylisted", "RCPT TO:<b": "550 unknown"}, False),
    ({"MAIL": "553 no such sender"}, True), ({"RCPT": "550 unknown"}, True), ({"DATA": "554 no"}, True),
    ({".": "554 spam"}, True)], ids=["greeting", "helo", "login", "greylist", "sender", "recipients", "data", "mail"])
def test_a_mail_is_a_dead_letter_only_when_the_server_says_so_of_the_mail(redis, alerter, running, answers, dead):
    server = running(Dialogue(answers))
    alerter(mail={"type": "mail", "to": "a@example.org, b@example.org", "from": "r@example.org",
                  "server": server.url, "timeout": "5s"})
    queue(redis, "mail", message())
    counted = "dead_letters" if dead else "retries"
    wait_for("a failure", lambda: counter(redis, "mail", counted) >= 1)
    assert redis.xlen("ridgeline:outbox:mail") == (0 if dead else 1), last_error(redis, "mail")


def test_slack_and_pagerduty_get_what_they_take(redis, alerter, running):
    slack, pager = running(HttpReceiver()), running(HttpReceiver(status=202))
    alerter(chat={"type": "slack", "url": slack.url},
            pager={"type": "pagerduty", "routing_key": "R0", "url": pager.url, "severity": "error"})
    for kind, id in (("open", "m1"), ("resolve", "m2")):
        queue(redis, "chat", message(kind, id, incident=head(EVIL)))
        queue(redis, "pager", message(kind, id))
    wait_for("all", lambda: len(slack.requests) == 2 and len(pager.requests) == 2)
    said = json.loads(slack.requests[0][3])
    assert "&lt;!channel&gt;" in said["text"] and b"<!channel>" not in slack.requests[0][3]
    assert said["attachments"][0]["title_link"] == "https://ridge.example.org/#incident=1"
    events = [json.loads(r[3]) for r in pager.requests]
    assert [(e["event_action"], e["dedup_key"], e["routing_key"]) for e in events] == [
        ("trigger", "inc-1", "R0"), ("resolve", "inc-1", "R0")]
    assert events[0]["payload"]["severity"] == "error"


class Alertmanager:
    """Debian's, which keeps nothing over a stop."""

    def __init__(self, directory):
        self.port, = free_ports(1)
        self.url, self.directory, self.starts = f"http://127.0.0.1:{self.port}", directory, 0
        self.config = write_settings(directory / "am.yml", "route: {receiver: none}\nreceivers: [{name: none}]\n")
        self.start()

    def start(self):
        self.starts += 1
        with open(self.directory / "am.log", "ab") as log:
            self.process = subprocess.Popen(
                ["prometheus-alertmanager", f"--config.file={self.config}",
                 f"--storage.path={self.directory}/am{self.starts}",
                 f"--web.listen-address=127.0.0.1:{self.port}", "--cluster.listen-address="], stdout=log, stderr=log)
        wait_for("alertmanager", lambda: self.alerts() is not None)

    def alerts(self):
        try:
            return requests.get(self.url + "/api/v2/alerts", timeout=5).json()
        except requests.RequestException:
            return None

    def stop(self):
        stop(self.process)


def test_a_real_alertmanager_fires_until_the_end_and_is_told_again_what_it_forgot(redis, alerter, running, tmp_path):
    am = running(Alertmanager(tmp_path))
    d = alerter(am={"type": "alertmanager", "url": am.url})
    redis.zadd("ridgeline:incidents:open", {head()["id"]: 1})
    queue(redis, "am", message())
    fired, = wait_for("the alert", am.alerts)
    assert fired["labels"] == {"alertname": "checkout", "incident": "inc-1", "site": "shop"}
    assert fired["annotations"]["summary"].startswith("OPEN shop.checkout.**")
    wait_for("a note", lambda: redis.hlen("ridgeline:firing:am") == 1)
    am.stop()
    am.start()
    d.stop()
    d.start()  # looks at what is open at once, and then each minute
    wait_for("the alert again", am.alerts)
    queue(redis, "am", message("resolve", "m2"))
    wait_for("the end", lambda: am.alerts() == [])
    assert redis.hlen("ridgeline:firing:am") == 0
    wait_for("the counter", lambda: counter(redis, "am", "resent") >= 1)


def test_what_is_over_though_nobody_said_so_is_not_told_again(redis, alerter, running):
    hook = running(HttpReceiver())
    d = alerter(am={"type": "alertmanager", "url": hook.url})
    queue(redis, "am", message())
    wait_for("a note", lambda: redis.hlen("ridgeline:firing:am") == 1)
    d.stop()
    d.start()
    wait_for("a review", lambda: redis.hlen("ridgeline:firing:am") == 0)
    assert len(hook.requests) == 1


def test_a_group_fires_until_it_is_over_though_the_incident_that_it_was_told_by_is(redis, alerter, running):
    hook = running(HttpReceiver())
    told, over = f"{1:016x}", f"{2:016x}"
    states = {told: "1 0 nothing 1 1 1800000000 key=00000000000000aa", over: "0 0 nothing 2 1 1800000000"}
    for leader, state in states.items():
        redis.hset("ridgeline:incident:" + leader, "sent:checkout:am", state)
        redis.hset("ridgeline:firing:am", leader + ".checkout", json.dumps(message(key=leader + ".checkout")))
    alerter(am={"type": "alertmanager", "url": hook.url})
    wait_for("it to be told again", lambda: hook.requests)
    assert redis.hkeys("ridgeline:firing:am") == [(told + ".checkout").encode()]


def test_an_incident_that_is_refused_does_not_keep_the_others_from_being_told_again(redis, alerter, running):
    hook = running(HttpReceiver(status=400))
    redis.zadd("ridgeline:incidents:open", {head()["id"]: 1})
    for key in ("inc-1", "inc-2", "inc-3"):
        redis.hset("ridgeline:firing:am", key, json.dumps(message(key=key)))
    alerter(am={"type": "alertmanager", "url": hook.url})
    wait_for("all three in one turn", lambda: len(hook.requests) == 3)
    wait_for("the counter", lambda: counter(redis, "am", "retries") == 3)


def test_syslog_goes_by_datagram_and_by_frame(redis, alerter, running, tmp_path):
    unix = running(Lines(socket.SOCK_DGRAM, str(tmp_path / "log")))
    udp, tcp = running(Lines(socket.SOCK_DGRAM)), running(Lines(socket.SOCK_STREAM))
    alerter(unix={"type": "syslog", "address": f"unix:{tmp_path}/log", "facility": "local0"},
            udp={"type": "syslog", "address": f"udp:127.0.0.1:{udp.port}"},
            tcp={"type": "syslog", "address": f"tcp:127.0.0.1:{tcp.port}"})
    for channel in ("unix", "udp", "tcp"):
        queue(redis, channel, message(incident=head(EVIL)))
    wait_for("all", lambda: unix.got and udp.got and tcp.got)
    assert unix.got[0].startswith(b"<132>1 20")
    assert b" ridgeline - open - OPEN evil  Bcc" in udp.got[0] and b"\n" not in udp.got[0]
    length, line = tcp.got[0].split(b" ", 1)
    assert int(length) == len(line) and line.startswith(b"<28>1 20")


def test_nagios_is_critical_while_any_incident_is_open(redis, alerter, running, tmp_path):
    fifo = running(Fifo(tmp_path / "nagios.cmd"))
    alerter(nagios={"type": "nagios", "command_file": str(tmp_path / "nagios.cmd"), "host": "ridge"})
    steps = (("open", "a", 2), ("open", "b", 2), ("resolve", "a", 2), ("resolve", "b", 0))
    for i, (kind, key, code) in enumerate(steps):
        queue(redis, "nagios", message(kind, f"m{i}", key, incident=head(EVIL)))
        line = wait_for("a line", fifo.read)
        assert line.endswith("\n") and line.count("\n") == 1
        assert f"PROCESS_SERVICE_CHECK_RESULT;ridge;Ridgeline;{code};" in line


def program(path, text):
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def test_a_program_gets_the_event_and_nothing_of_ours(redis, alerter, tmp_path):
    out = tmp_path / "out"
    path = program(tmp_path / "page", f"cat >{out}.json; env >{out}.env; ls -l /proc/$$/fd >{out}.fds; echo done\n")
    alerter(page={"type": "exec", "program": path})
    queue(redis, "page", message(incident=head(count=400), held=[]))
    wait_for("the delivery", lambda: counter(redis, "page", "delivered") == 1)
    assert json.loads((tmp_path / "out.json").read_text())["dedup_key"] == "inc-1"
    names = {line.split("=")[0] for line in (tmp_path / "out.env").read_text().splitlines()}
    assert names <= {"PATH", "LANG", "HOME", "PWD", "OLDPWD", "SHLVL", "_"}
    assert "socket:" not in (tmp_path / "out.fds").read_text()


def test_a_program_that_hangs_is_killed_and_one_that_fails_is_tried_again(redis, alerter, tmp_path):
    hung = program(tmp_path / "hung", f"echo $$ >{tmp_path}/pid; sleep 1000\n")
    wrong = program(tmp_path / "wrong", f"echo no pager; test -e {tmp_path}/well\n")
    alerter(hung={"type": "exec", "program": hung, "timeout": "1s"}, wrong={"type": "exec", "program": wrong})
    queue(redis, "hung", message())
    queue(redis, "wrong", message())
    wait_for("a kill", lambda: counter(redis, "hung", "retries") >= 1)
    pid = int((tmp_path / "pid").read_text())
    wait_for("a failure", lambda: last_error(redis, "wrong") == b"exit status 1: no pager ")
    assert b"killed" in last_error(redis, "hung")
    (tmp_path / "well").touch()
    wait_for("the delivery", lambda: counter(redis, "wrong", "delivered") == 1)
    with pytest.raises(ProcessLookupError):
        while True:  # each try has a group of its own; the first one's is gone
            os.killpg(pid, 0)
            time.sleep(0.1)


def test_a_program_that_leaves_its_group_is_killed_too(redis, alerter, tmp_path):
    path = tmp_path / "left"
    path.write_text("#!/usr/bin/python3\nimport os, time\nos.setpgid(0, os.getpgid(os.getppid()))\ntime.sleep(1000)\n")
    path.chmod(0o700)
    alerter(left={"type": "exec", "program": str(path), "timeout": "2s"})
    queue(redis, "left", message())
    wait_for("a kill", lambda: b"killed" in (last_error(redis, "left") or b""))


def test_a_change_of_the_settings_starts_and_ends_channels(redis, alerter, running):
    first, second = running(HttpReceiver()), running(HttpReceiver())
    d = alerter(one={"type": "webhook", "url": first.url})
    queue(redis, "one", message())
    wait_for("the first", lambda: len(first.requests) == 1)
    d.settings.write_text(f'redis = "unix:{redis.sock}"; channels = ( '
                          f'{{ name = "two"; type = "webhook"; url = "{second.url}"; }} );')
    d.process.send_signal(signal.SIGHUP)
    queue(redis, "two", message())
    wait_for("the second", lambda: len(second.requests) == 1)  # the first was ended before
    queue(redis, "one", message(id="m2"))
    time.sleep(1)
    assert len(first.requests) == 1 and redis.xlen("ridgeline:outbox:one") == 1


def test_two_alerters_deliver_once(redis, alerter, daemons, running, tmp_path):
    hook = running(HttpReceiver())
    first = alerter(hook={"type": "webhook", "url": hook.url})
    second_directory = tmp_path / "second"
    second_directory.mkdir()
    settings = write_settings(second_directory / "alerter.conf", first.settings.read_text() + ' instance = "b";')
    second = daemons("alerter", settings)
    wait_for("both", lambda: redis.exists("ridgeline:stats:alerter.hook", "ridgeline:stats:alerter.hook@b") == 2)
    for i in range(20):
        queue(redis, "hook", message(id=f"m{i}"))
    wait_for("all", lambda: len(hook.requests) >= 20)
    wait_for("the last one's mark, without which it is told twice", lambda: redis.xlen("ridgeline:outbox:hook") == 0)
    first.kill()
    queue(redis, "hook", message(id="last"))
    wait_for("the one that stood by", lambda: len(hook.requests) >= 21)
    second.stop()
    assert sorted(json.loads(r[3])["id"] for r in hook.requests) == sorted([f"m{i}" for i in range(20)] + ["last"])


def test_an_incident_is_one_mail_and_one_webhook_and_their_ends_though_all_were_killed(daemons, running,
                                                                                     tmp_path):
    (tmp_path / "aof").mkdir()
    server = running(RedisServer(tmp_path / "aof", "--appendonly", "yes", "--appendfsync", "everysec"))
    mail, hook = running(MailServer(tmp_path)), running(HttpReceiver())
    now, name, redis = int(time.time()), "shop.checkout.orders", server.client
    redis.set("metrics." + name, b"".join(canonical(now - 10 * i, 100 + i % 7) for i in range(1000, 0, -1)))
    settings = write_settings(tmp_path / "alerter.conf", f"""redis = "unix:{server.sock}"; surface_score = 50;
        channels = (
        {{ name = "mail"; type = "mail"; to = "a@example.org"; from = "r@example.org"; server = "{mail.url}";
           user = "ops"; password = "s3cret"; ca_file = "{mail.certificate}"; }},
        {{ name = "hook"; type = "webhook"; url = "{hook.url}"; secret = "k3y"; }} );
        alerts = ( {{ name = "all"; channels = [ "mail", "hook" ]; }} );""")
    d = daemons("alerter", settings).wait_ready()
    a = anomaly(name, now - 60, now - 10, score=80)
    tell(redis, "open", a)
    wait_for("both", lambda: mail.mails and hook.requests)
    time.sleep(2)  # what Redis has not yet written to its file it may lose
    d.kill()
    server.kill()
    server.start()
    d.start()
    tell(server.client, "close", dict(a, state="closed"))
    wait_for("both ends", lambda: len(mail.mails) >= 2 and len(hook.requests) >= 2)
    time.sleep(3)
    subjects = [email.message_from_bytes(m[2], policy=email.policy.default)["Subject"] for m in mail.mails]
    assert [subject.split()[1] for subject in subjects] == ["OPEN", "RESOLVED"]
    assert [json.loads(r[3])["kind"] for r in hook.requests] == ["open", "resolve"]
    parts = [part.get_content_type() for part in email.message_from_bytes(mail.mails[0][2]).walk()]
    assert parts == ["multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png"]


def test_a_test_message_tells_what_the_receiver_said(running, tmp_path):
    hook = running(HttpReceiver())
    settings = write_settings(tmp_path / "t.conf",
                              f'channels = ( {{ name = "hook"; type = "webhook"; url = "{hook.url}"; }} );')

    def try_channel(name):
        return subprocess.run([BUILD / "ridgeline", "test-channel", "--settings", settings, name],
                              capture_output=True, text=True)

    good = try_channel("hook")
    assert (good.returncode, good.stdout) == (
        0, "open: delivered: HTTP 200: said  so\nresolve: delivered: HTTP 200: said  so\n")
    assert [json.loads(r[3])["kind"] for r in hook.requests] == ["open", "resolve"]
    hook.status = 403
    bad = try_channel("hook")
    assert (bad.returncode, bad.stdout) == (1, "open: failed: HTTP 403: said  so\n")
    unknown = try_channel("hoook")
    assert unknown.returncode == 1 and 'no channel "hoook"; there are hook' in unknown.stderr


def test_the_plugin_and_the_page_tell_that_a_channel_does_not_deliver(ridgeline_factory, tmp_path):
    port, = free_ports(1)
    r = ridgeline_factory(
        more=f'channels = ( {{ name = "hook"; type = "webhook"; url = "http://127.0.0.1:{port}/"; }} );')
    plugin = tmp_path / "check_ridgeline"
    plugin.symlink_to(BUILD / "ridgeline")

    def check(*arguments):
        return subprocess.run([plugin, *arguments], capture_output=True, text=True)

    wait_for("all well", lambda: check("--url", r.page).returncode == 0)
    assert check("--url", r.page).stdout.startswith("RIDGELINE OK: ")
    assert check("--url", r.page.rstrip("/") + "/").stdout.startswith("RIDGELINE OK: ")
    queue(r.redis, "hook", message())
    told = wait_for("a warning", lambda: (c := check("--url", r.page)).returncode == 1 and c.stdout)
    assert "channel hook does not deliver, 1 messages wait" in told and "|metrics=" in told
    assert check("--url", f"http://127.0.0.1:{port}").returncode == 2
    assert check("--nonsense").returncode == 3

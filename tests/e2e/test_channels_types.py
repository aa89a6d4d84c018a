"""Channels that are neither mail nor webhook, each against a real receiver."""
import json
import os
import socket
import stat
import subprocess
import time

import pytest
import requests

from channels import EVIL, alerter, counter, head, last_error, message, queue, running  # noqa: F401 (fixtures)
from conftest import free_ports, stop, wait_for, write_settings
from receivers import Fifo, HttpReceiver, Lines


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

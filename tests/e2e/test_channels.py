"""What every channel does, shown of webhooks: a slow, dead or killed receiver loses nothing, and gets nothing twice."""
import email
import email.policy
import hashlib
import hmac
import json
import signal
import subprocess
import time

import pytest

from channels import alerter, counter, last_error, message, queue, running  # noqa: F401 (fixtures)
from conftest import BUILD, RedisServer, canonical, free_ports, wait_for, write_settings
from receivers import HttpReceiver, MailServer, SlowLoris
from webapp import anomaly, tell


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
                              f'channels = ( {{ name = "hook"; type = "webhook"; url = "{hook.url}"; }} ); '
                              'alerter: { site = "here"; page_url = "https://ridge.example.org/"; };')

    def try_channel(name):
        return subprocess.run([BUILD / "ridgeline", "test-channel", "--settings", settings, name],
                              capture_output=True, text=True)

    good = try_channel("hook")
    assert (good.returncode, good.stdout) == (
        0, "open: delivered: HTTP 200: said  so\nresolve: delivered: HTTP 200: said  so\n")
    sent = [json.loads(r[3]) for r in hook.requests]
    assert [(m["kind"], m["site"], m["page_url"]) for m in sent] == [
        (kind, "here", "https://ridge.example.org") for kind in ("open", "resolve")]
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

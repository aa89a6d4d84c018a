"""Mail: over TLS, with a chart, with nothing added to it, and refused by servers of every kind."""
import email
import email.policy
import math
import random
import struct
import time

import pytest

from channels import EVIL, alerter, counter, head, last_error, message, queue, running  # noqa: F401 (fixtures)
from conftest import canonical, wait_for
from receivers import Dialogue, MailServer


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

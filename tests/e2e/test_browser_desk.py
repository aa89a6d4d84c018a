"""Who sees to an incident, in a real browser: its view, and where the links of messages lead."""
import hashlib
import hmac
import re
import signal
import time

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from conftest import wait_for
from incidents import alerter, alerters, heads, wait_heads  # noqa: F401
from test_browser_overview import a_bad_day, look, picture, visit  # noqa: F401
from test_desk import notes, say, ticket
from webapp import anomaly, start, tell, write_history, write_points  # noqa: F401

DAY_S = 86400
MARKUP = "<img src=x onerror=alert(1)>"


def test_an_incident_is_acknowledged_noted_and_given_back(driver, redis, visit):
    a_bad_day(redis)
    page = visit()
    wait_for("the incidents", lambda: len(heads(redis)) == 4)
    incident = max(heads(redis), key=lambda head: head["count"])["id"]
    driver.get(page.web.page + "/#incident=" + incident)
    desk = wait_for("the desk", lambda: driver.find_elements(By.CSS_SELECTOR, "form.tending"))[0]
    wait_for("nobody has it", lambda: "Nobody sees to it yet." in desk.text)
    desk.find_element(By.NAME, "by").send_keys(MARKUP)
    desk.find_element(By.NAME, "ack").click()
    wait_for("it is seen to", lambda: f"{MARKUP} sees to it since" in desk.text)
    desk.find_element(By.NAME, "text").send_keys("the cache was restarted\n")
    wait_for("the note", lambda: "notes: the cache was restarted" in desk.text)
    assert len(notes(redis, incident)) == 2
    look(driver, 1400, 900)
    picture(driver, "incident-desk")
    driver.get(page.web.page + "/#")
    wait_for("the label of its row", lambda: "seen to" in page.text(f"#open .row[data-id='{incident}']"))
    driver.get(page.web.page + "/#incident=" + incident)
    unack = wait_for("the way back", lambda: [b for b in driver.find_elements(By.NAME, "unack") if b.is_displayed()])[0]
    unack.send_keys(Keys.ENTER)
    wait_for("given back", lambda: all(head["ack"] is None for head in heads(redis)))
    wait_for("the focus on what can be said now",
             lambda: driver.execute_script("return document.activeElement.name") == "ack")


def an_error_rate(redis):
    """An open anomaly of a metric that has points."""
    now = int(time.time())
    write_history(redis, "shop.checkout.errors")
    tell(redis, "open", anomaly("shop.checkout.errors", now - 60, now))
    return now


def test_a_link_of_a_message_asks_before_it_does_anything(driver, redis, visit):
    now = an_error_rate(redis)
    page = visit()
    (head,) = wait_heads(redis, 1)
    redis.set("ridgeline:secret", "5" * 64)

    def link(act, until):
        text = f"{act} {head['id']} {until} ops-mail".encode()
        sig = hmac.new(b"5" * 64, text, hashlib.sha256).hexdigest()[:32]
        return f"{page.web.page}/#act={act}&incident={head['id']}&until={until}&to=ops-mail&sig={sig}"

    driver.get(link("ack", now - 60))
    wait_for("it is too late", lambda: "expired" in driver.find_element(By.ID, "act").text)
    assert not driver.find_elements(By.NAME, "confirm")
    driver.get(link("normal", now + 3600))
    confirm = wait_for("the question", lambda: driver.find_elements(By.NAME, "confirm"))[0]
    wait_for("what can be learnt", lambda: len(driver.find_elements(By.NAME, "teach")) > 1)
    assert heads(redis)[0]["ack"] is None and redis.xlen("ridgeline:desk") == 0
    confirm.click()
    wait_for("it is normal", lambda: heads(redis)[0]["ack"])
    assert heads(redis)[0]["ack"]["normal"] and heads(redis)[0]["ack"]["by"] == "by link to ops-mail"
    wait_for("thanks", lambda: "no message tells of it" in driver.find_element(By.ID, "act").text)


@pytest.mark.parametrize("act, answer", [("ack", "Ada sees to it since"), ("normal", "Ada finds it normal since")])
def test_a_link_that_was_answered_tells_who_answered_and_when_however_often_it_is_opened(driver, redis, visit, act,
                                                                                         answer):
    an_error_rate(redis)
    page = visit()
    (head,) = wait_heads(redis, 1)
    redis.set("ridgeline:secret", "5" * 64)
    signed = "&".join(f"{k}={v}" for k, v in ticket(redis, head["id"], act).items())
    link = f"{page.web.page}/#act={act}&incident={head['id']}&{signed}"
    driver.get(link)
    confirm = wait_for("the question", lambda: driver.find_elements(By.NAME, "confirm"))[0]
    by = driver.find_element(By.NAME, "by")
    by.clear()
    by.send_keys("Ada")
    confirm.click()
    view = driver.find_element(By.ID, "act")
    wait_for("the answer in place of the form", lambda: answer in view.text and not page.all("#act form"))
    assert "Noted" in view.text and page.all("#act .said[role=status]")
    assert page.run("return document.activeElement.tagName") == "H2", "the keyboard does not begin at the top again"
    at = page.run("return document.querySelector('#act .entries time').dateTime")
    for _ in range(2):
        driver.get("about:blank")
        driver.get(link)
        wait_for("the same answer", lambda: page.all("#act .entries time"))
        assert answer in page.text("#act") and not page.all("#act [name=confirm]")
        assert page.run("return document.querySelector('#act .entries time').dateTime") == at
        assert page.all(f"#act a[href='#incident={head['id']}']")
    say(page.web, incident=head["id"], kind="unack")
    wait_for("the question again, once it was taken back", lambda: page.all("#act [name=confirm]"))


def test_a_question_that_is_still_open_tells_what_was_said_of_the_incident(driver, redis, visit):
    now = an_error_rate(redis)
    page = visit()
    (head,) = wait_heads(redis, 1)
    say(page.web, incident=head["id"], kind="ack", by="Ada")
    wait_for("it is seen to", lambda: heads(redis)[0]["ack"])
    driver.get(f"{page.web.page}/#act=normal&incident={head['id']}&until={now + 3600}&to=x&sig=0")
    wait_for("who has it", lambda: "Ada sees to it since" in page.text("#act"))
    confirm = wait_for("the question", lambda: page.all("#act [name=confirm]"))[0]
    say(page.web, incident=head["id"], kind="note", by="Ada", text="as each night")
    wait_for("the note", lambda: "as each night" in page.text("#act .entries"))
    assert page.all("#act [name=confirm]") == [confirm], "news leave the form alone"


def test_a_link_says_that_it_speaks_of_the_whole_incident(driver, redis, visit):
    now, names = int(time.time()), ["shop.db1", "shop.web1", "shop.web2"]
    for name in names:
        write_history(redis, name)
    tell(redis, "open", anomaly(names[0], now - 60, now))
    page = visit()
    (head,) = wait_heads(redis, 1)

    def hints(act):
        driver.get("about:blank")
        driver.get(f"{page.web.page}/#act={act}&incident={head['id']}&until={now + 3600}&to=x&sig=0")
        wait_for("the question", lambda: driver.find_elements(By.NAME, "confirm"))
        return " ".join(hint.text for hint in driver.find_elements(By.CSS_SELECTOR, "#act .hint"))

    assert "whole incident" not in hints("ack"), "it is one metric"
    for name in names[1:]:
        tell(redis, "open", anomaly(name, now - 50, now))
    wait_for("the others", lambda: heads(redis)[0]["metrics"] == 3)
    for act in ("ack", "normal"):
        assert "all 3 metrics of it" in hints(act)


def test_a_long_name_fits_where_a_link_leads(driver, redis, visit):
    now = int(time.time())
    name = "servers." + "x" * 300
    write_history(redis, name)
    tell(redis, "open", anomaly(name, now - 60, now))
    page = visit()
    (head,) = wait_heads(redis, 1)
    look(driver, 320, 900)
    driver.get(f"{page.web.page}/#act=normal&incident={head['id']}&until={now + 3600}&to=x&sig=0")
    choose(driver, "Nothing up to this strength")
    assert driver.execute_script("return document.documentElement.scrollWidth <= innerWidth")


def overrides(page):
    return {o["match"]: o["options"] for o in page.web.json("/api/overrides")["overrides"]}


def choose(driver, words):
    """The hint beside the choice of these words, once it tells what that would have changed."""
    def found():
        for row in driver.find_elements(By.CSS_SELECTOR, ".choice-row"):
            label, hint = row.find_element(By.TAG_NAME, "label"), row.find_element(By.CSS_SELECTOR, ".help")
            if label.text == words and re.search(r"would not have opened|No preview", hint.text):
                label.click()
                return hint.text
    return wait_for(words, found)


def test_what_is_normal_is_learnt_in_the_incidents_view_and_undone_in_tuning(driver, redis, visit):
    a_bad_day(redis)
    page = visit()
    wait_for("the incidents", lambda: len(heads(redis)) == 4)
    head = next(head for head in heads(redis) if head["title"] == "shop.checkout.*.p95")
    driver.get(page.web.page + "/#incident=" + head["id"])
    wait_for("the button", lambda: [b for b in driver.find_elements(By.NAME, "normal") if b.is_displayed()])[0].click()
    wait_for("the focus on the choices", lambda: driver.execute_script("return document.activeElement.name") == "teach")
    assert "score to open 50 → 99" in choose(driver, "Nothing up to this strength")
    hint = driver.find_element(By.CSS_SELECTOR, ".teaching > .hint")
    assert hint.text == "For shop.checkout.*.p95, and nothing else."
    for width in (1400, 360):
        look(driver, width, 1000)
        picture(driver, f"incident-normal-{width}")
        assert driver.execute_script("return document.documentElement.scrollWidth <= innerWidth")
    assert overrides(page) == {}
    driver.find_element(By.NAME, "confirm").click()
    desk = driver.find_element(By.CSS_SELECTOR, "form.tending")
    wait_for("it is said", lambda: "finds it normal: score_to_open 50 -> 99 for shop.checkout.*.p95" in desk.text)
    assert overrides(page) == {"shop.checkout.*.p95": {"score_to_open": 99}}
    assert not driver.find_elements(By.NAME, "teach") and "in force within two seconds" in desk.text
    desk.find_element(By.LINK_TEXT, "All overrides, to undo it").click()
    undo = wait_for("the way back", lambda: driver.find_elements(By.CSS_SELECTOR, ".changes button"))[0]
    undo.click()
    wait_for("it is undone", lambda: overrides(page) == {})


def test_who_presses_twice_says_it_once_and_an_error_keeps_the_choice(driver, redis, visit):
    an_error_rate(redis)
    page = visit()
    (head,) = wait_heads(redis, 1)
    driver.get(page.web.page + "/#incident=" + head["id"])
    button = wait_for("the desk", lambda: [b for b in driver.find_elements(By.NAME, "ack") if b.is_displayed()])[0]
    driver.execute_script("arguments[0].click(); arguments[0].click()", button)
    wait_for("it is seen to", lambda: notes(redis, head["id"]))
    driver.find_element(By.NAME, "normal").click()
    choose(driver, "Nothing up to this strength")
    confirm = driver.find_element(By.NAME, "confirm")
    stored = redis.dump("ridgeline:overrides")
    redis.set("ridgeline:overrides", "of another type")
    confirm.click()
    desk = driver.find_element(By.CSS_SELECTOR, "form.tending")
    wait_for("the error", lambda: "Redis does not answer" in desk.text)
    assert stored is None and redis.delete("ridgeline:overrides")
    driver.execute_script("arguments[0].click(); arguments[0].click()", confirm)
    wait_for("it is said", lambda: "finds it normal: score_to_open" in desk.text)
    assert list(overrides(page)) == ["shop.checkout.errors"]
    assert [note["kind"] for note in notes(redis, head["id"])] == ["ack", "normal"]
    assert redis.xlen("ridgeline:desk") == 2
    page.expect("503")


def test_news_of_an_incident_leave_the_focus_on_a_link_of_its_desk(driver, redis, visit):
    an_error_rate(redis)
    page = visit()
    (head,) = wait_heads(redis, 1)
    say(page.web, incident=head["id"], kind="normal", by="Ada")
    driver.get(page.web.page + "/#incident=" + head["id"])
    wait_for("the link", lambda: driver.find_elements(By.PARTIAL_LINK_TEXT, "Tune it"))
    driver.execute_script("document.querySelector('.tending .facts a').focus()")
    say(page.web, incident=head["id"], kind="note", text="as each night")
    wait_for("the note", lambda: "as each night" in driver.find_element(By.CSS_SELECTOR, "form.tending").text)
    assert driver.execute_script("return document.activeElement.textContent.startsWith('Tune it')")


def test_a_link_teaches_what_is_chosen_and_says_when_that_is_out_of_date(driver, redis, visit):
    an_error_rate(redis)
    page = visit()
    (head,) = wait_heads(redis, 1)
    redis.set("ridgeline:secret", "5" * 64)
    signed = ticket(redis, head["id"], "normal")
    driver.get(f"{page.web.page}/#act=normal&incident={head['id']}&" + "&".join(f"{k}={v}" for k, v in signed.items()))
    choose(driver, "Nothing up to this strength")
    page.web.save("shop.checkout.errors", {"score_to_open": 60})
    driver.find_element(By.NAME, "confirm").click()
    act = driver.find_element(By.ID, "act")
    wait_for("what has changed", lambda: "has changed since" in act.text and "score to open 60 → 83" in act.text)
    assert overrides(page) == {"shop.checkout.errors": {"score_to_open": 60}}
    choose(driver, "Only when it falls")
    driver.find_element(By.NAME, "confirm").click()
    wait_for("thanks", lambda: "Saved: direction both -> down for shop.checkout.errors" in act.text)
    assert overrides(page) == {"shop.checkout.errors": {"score_to_open": 60, "direction": "down"}}
    wait_for("the note", lambda: notes(redis, head["id"]))
    (refusal,) = page.console()
    assert "409" in refusal


def test_what_went_wrong_days_ago_is_seen_around_it_and_up_to_now(driver, redis, visit):
    now = int(time.time()) // 60 * 60
    t = now - 3 * DAY_S
    write_points(redis, "shop.orders", [(s, 900.0 if t <= s <= t + 600 else 100.0 + s % 7)
                                        for s in range(now - 5 * DAY_S, now, 60)])
    told = anomaly("shop.orders", t, t + 600)
    tell(redis, "open", told)
    tell(redis, "close", dict(told, state="closed"))
    page = visit()
    (head,) = wait_heads(redis, 1, "closed")
    driver.get(page.web.page + "/#incident=" + head["id"])

    def charts():
        return [plot.get_attribute("aria-label") for plot in driver.find_elements(By.CSS_SELECTOR, "#incident .plot")]

    wait_for("the points around it", lambda: "around it: 71 points" in "".join(charts()[:1]))
    assert re.search(r"last day: 14\d\d points", charts()[1])


@pytest.mark.parametrize("view", ["incident=ID", "act=normal&incident=ID&until=UNTIL&to=x&sig=0", "history=", "tune=",
                                  "tune=shop.**", "alerts=", "metric=shop.checkout.errors&at=NOW"])
def test_a_view_that_is_opened_while_redis_is_away_shows_when_it_is_back(driver, redis, redis_server, visit, view):
    now = an_error_rate(redis)
    page = visit()
    (head,) = wait_heads(redis, 1)
    away = "Redis does not answer; data will be here again when it does"
    view = view.replace("ID", head["id"]).replace("UNTIL", str(now + 3600)).replace("NOW", str(now - 600))
    redis_server.process.send_signal(signal.SIGSTOP)
    try:
        driver.get(page.web.page + "/#" + view)
        wait_for("what is wrong", lambda: away in driver.find_element(By.ID, "main").text)
    finally:
        redis_server.process.send_signal(signal.SIGCONT)
    wait_for("the view", lambda: away not in driver.find_element(By.ID, "main").text)
    page.expect("503")


def test_history_is_searched_and_its_address_can_be_pasted(driver, redis, visit):
    a_bad_day(redis)
    page = visit()
    wait_for("the incidents", lambda: len(heads(redis)) == 4 and len(heads(redis, "closed")) == 2)
    driver.get(page.web.page + "/#history=")

    def names():
        return page.names("#history-list .row > .line")

    wait_for("all of them", lambda: len(names()) == 6)
    field = driver.find_element(By.ID, "history-text")
    field.send_keys("CDN\n")
    wait_for("the one", lambda: names() == ["cdn.edge.hit_ratio"])
    assert "history=CDN" in driver.current_url and "days=7" in driver.current_url
    look(driver, 1400, 900)
    picture(driver, "history")
    driver.get("about:blank")
    driver.get(page.web.page + "/#history=checkout&days=30")
    wait_for("the one", lambda: names() == ["shop.checkout.*.p95"])
    assert driver.find_element(By.ID, "history-days").get_attribute("value") == "30"

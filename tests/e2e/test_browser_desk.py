"""Who sees to an incident, in a real browser: its view, and where the links of messages lead."""
import hashlib
import hmac
import time

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from conftest import wait_for
from incidents import alerter, alerters, heads, wait_heads  # noqa: F401
from test_browser_overview import a_bad_day, look, picture, visit  # noqa: F401
from test_desk import notes
from webapp import anomaly, start, tell  # noqa: F401

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
    row = wait_for("its row", lambda: driver.find_elements(By.CSS_SELECTOR, f"#open .row[data-id='{incident}']"))[0]
    wait_for("the label", lambda: "seen to" in row.text)
    driver.get(page.web.page + "/#incident=" + incident)
    unack = wait_for("the way back", lambda: [b for b in driver.find_elements(By.NAME, "unack") if b.is_displayed()])[0]
    unack.send_keys(Keys.ENTER)
    wait_for("given back", lambda: all(head["ack"] is None for head in heads(redis)))
    wait_for("the focus on what can be said now",
             lambda: driver.execute_script("return document.activeElement.name") == "ack")


def test_a_link_of_a_message_asks_before_it_does_anything(driver, redis, visit):
    now = int(time.time())
    tell(redis, "open", anomaly("shop.checkout.errors", now - 60, now))
    page = visit()
    (head,) = wait_heads(redis, 1)
    redis.set("ridgeline:secret", "5" * 64)

    def link(act, until):
        text = f"{act} {head['id']} {until} ops-mail".encode()
        sig = hmac.new(b"5" * 64, text, hashlib.sha256).hexdigest()[:32]
        return f"{page.web.page}/#act={act}&incident={head['id']}&until={until}&to=ops-mail&sig={sig}"

    driver.get(link("normal", now + 3600))
    confirm = wait_for("the question", lambda: driver.find_elements(By.NAME, "confirm"))[0]
    assert heads(redis)[0]["ack"] is None and redis.xlen("ridgeline:desk") == 0
    confirm.click()
    wait_for("it is normal", lambda: heads(redis)[0]["ack"])
    assert heads(redis)[0]["ack"]["normal"] and heads(redis)[0]["ack"]["by"] == "by link to ops-mail"
    wait_for("thanks", lambda: "no message tells of it" in driver.find_element(By.ID, "act").text)
    driver.get(link("ack", now - 60))
    wait_for("it is too late", lambda: "expired" in driver.find_element(By.ID, "act").text)
    assert not driver.find_elements(By.NAME, "confirm")


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

"""What a user agent is taken for, by its shape: no list of the bots that exist can hold those that come next."""

import pytest

from postlude.classify import judge
from postlude.classify.agents import Family, read_agent
from postlude.model.observation import Hit
from postlude.model.words import HitEndpoint, Verdict
from support.processor import bounded_processor_time

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
DESKTOP = f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/146.0.0.0 Safari/537.36"
ANDROID = f"Mozilla/5.0 (Linux; Android 13; {{}}) {WEBKIT} Chrome/146.0.0.0 Mobile Safari/537.36"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
EXPLORER = "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; Trident/4.0; {}; .NET CLR 2.0.50727)"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5"
    " Mobile/15E148 Safari/604.1"
)


def verdict(user_agent: str, endpoint: HitEndpoint = HitEndpoint.LINK) -> Verdict:
    seen = Hit(
        endpoint=endpoint, kind=1, message=1, copy=1, position=0, method="GET", address="", user_agent=user_agent,
        headers={}, facts={}, at=1,
    )  # fmt: skip
    return judge(seen, sent_at=None).verdict


@pytest.mark.parametrize("browser", [DESKTOP, FIREFOX, IPHONE, ANDROID.format("SM-G998B Build/TP1A")])
def test_a_plain_browser_is_a_person(browser: str) -> None:
    assert verdict(browser) is Verdict.HUMAN


@pytest.mark.parametrize(
    "model", ["M bot 51", "Spider 8", "HTC_Ruby", "Expanse X2", "Crawler Pro Build/AP1A", "Scanner 7", "Monitor-T1"]
)
def test_a_word_in_the_name_of_a_device_decides_nothing(model: str) -> None:
    assert verdict(ANDROID.format(model)) is Verdict.HUMAN


@pytest.mark.parametrize("toolbar", ["McAfee", "Avast", "GTB7.4", "Kaspersky Toolbar", "Symantec"])
def test_a_toolbar_in_a_browser_decides_nothing(toolbar: str) -> None:
    assert verdict(EXPLORER.format(toolbar)) is Verdict.HUMAN


@pytest.mark.parametrize(
    "fork", ["Avast/146.0.0.0", "AviraScout/17.6.3071.2851", "SomeNewBrowser/3.1", "Edg/146.0.0.0"]
)
def test_a_browser_of_another_maker_is_a_person_whatever_else_the_maker_sells(fork: str) -> None:
    assert verdict(f"{DESKTOP} {fork}") is Verdict.HUMAN


@pytest.mark.parametrize("app", ["SomeNewApp/3.2", "[FBAN/FBIOS;FBAV/400.0]", "Club_App/1 (build 5)"])
def test_an_app_on_a_telephone_that_shows_a_page_is_a_person(app: str) -> None:
    assert verdict(f"{IPHONE} {app}") is Verdict.HUMAN


@pytest.mark.parametrize(
    "user_agent",
    [
        f"{DESKTOP} GTmetrix",
        f"{DESKTOP} NobodyKnows/2.0",
        f"{FIREFOX} Checker/1.0",
        f"{IPHONE} SpeedTester",
        DESKTOP.replace("Chrome/", "NobodyKnows/1.0 Chrome/"),
        DESKTOP.replace("x64)", "x64; NobodyKnows)"),
        "Mozilla/5.0 (compatible; NobodyKnows/1.0)",
        "Mozilla/5.0 (compatible; nobody-knows.example)",
        "Mozilla/5.0 (NobodyKnows)",
        "Mozilla/5.0 (compatible; Yahoo Link Preview; https://help.yahoo.com/kb/mail/)",
        EXPLORER.format("survey http://nobody-knows.example/"),
    ],
)
def test_a_product_that_no_browser_names_is_nobody(user_agent: str) -> None:
    assert verdict(user_agent) not in {Verdict.HUMAN, Verdict.HUMAN_PROXIED}


@pytest.mark.parametrize(
    "user_agent",
    [
        f"{DESKTOP} (compatible; Google-InspectionTool/1.0)",
        DESKTOP.replace("like Gecko)", "like Gecko; compatible; NobodyKnows/1.0)"),
        DESKTOP.replace("like Gecko)", "like Gecko; NobodyKnows)"),
    ],
)
def test_what_signs_like_a_crawler_is_a_machine(user_agent: str) -> None:
    assert verdict(user_agent) is Verdict.MACHINE


@pytest.mark.parametrize(
    "user_agent",
    [
        DESKTOP.replace("146.0.0.0", "W.X.Y.Z"),
        DESKTOP.replace("146.0.0.0", "27.0.1453"),
        FIREFOX.replace("Firefox/128.0", "Firefox/97.0"),
        ANDROID.format("MIX").replace("Android 13", "Android 0"),
        DESKTOP.replace("Windows NT 10.0", "Windows NT 12.0"),
    ],
)
def test_a_version_that_cannot_exist_is_nobody(user_agent: str) -> None:
    assert verdict(user_agent) is Verdict.UNKNOWN


def test_the_versions_that_firefox_kept_saying_exist() -> None:
    assert verdict(FIREFOX.replace("rv:128.0", "rv:109.0").replace("Firefox/128.0", "Firefox/115.0")) is Verdict.HUMAN


@pytest.mark.parametrize(
    "user_agent",
    [
        "Mail/3731.600.7 CFNetwork/1410.0.3 Darwin/22.6.0",
        "Outlook/16.0 CFNetwork/1410.0.3 Darwin/22.6.0",
        "Yahoo%20Mail/60310 CFNetwork/1410.0.3 Darwin/22.6.0",
        "Dalvik/2.1.0 (Linux; U; Android 13; SM-A536B Build/TP1A.220624.014)",
        "SomeMail/4.2 (Linux; Android 13)",
        "NobodyKnows/1 CFNetwork/1410.0.3 Darwin/22.6.0",
    ],
)
def test_an_app_that_loads_a_picture_is_never_called_a_machine(user_agent: str) -> None:
    assert verdict(user_agent, HitEndpoint.PIXEL) in {Verdict.HUMAN, Verdict.UNKNOWN}


def test_a_click_in_the_browser_that_outlook_embeds_is_suspected_and_no_more() -> None:
    seen = EXPLORER.format("Microsoft Outlook 14.0.7149; ms-office; MSOffice 14")
    assert read_agent(seen).family is Family.OFFICE_BROWSER
    assert verdict(seen) is Verdict.MACHINE_SUSPECTED
    assert verdict(seen, HitEndpoint.PIXEL) is Verdict.HUMAN


@pytest.mark.parametrize(
    "unit", ["(", ")", "Mozilla/5.0 (", "; ", "Chrome/1.", "a/1.2.3.", "browser", " x", "Linux; ", "(KHTML, like Gecko"]
)
def test_a_megabyte_of_user_agent_costs_what_a_long_one_costs(unit: str) -> None:
    with bounded_processor_time():
        read_agent(f"Mozilla/5.0 (X11; {unit * (1_000_000 // len(unit))}")
        read_agent(f"Mozilla/5.0 (X11) {unit * (1_000_000 // len(unit))}")


@pytest.mark.parametrize(
    "text",
    [
        "Mozilla/5.0 (Windows NT 10.0; rv:999.0) Gecko/20100101 Firefox/999.0",
        "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/999.0.0.0 Safari/537.36",
        "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/999.0",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/99.0 Safari/6",
    ],
)
def test_a_version_that_no_browser_has_is_no_persons(text: str) -> None:
    assert read_agent(text).family is not Family.BROWSER


@pytest.mark.parametrize(
    "text",
    [
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/6",
        "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
        "Opera/9.80 (Windows NT 6.1; U; en) Presto/2.10.289 Version/12.02",
    ],
)
def test_versions_of_today_and_yesterday_are_browsers(text: str) -> None:
    assert read_agent(text).family is Family.BROWSER

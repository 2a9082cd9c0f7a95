"""Parts of a full browser user agent that no browser adds itself.

`Mozilla/5.0 (platform) engine products`: inside the platform, device names and toolbars are free text, so that a word
there decides nothing. A product after the last known one, a second comment, or an impossible platform decides.
"""

import re
from typing import Final, NamedTuple

_SHAPE: Final = re.compile(r"Mozilla/[45]\.0+ ?\(([^()]*(?:\([^()]*\)[^()]*)*)\)?(.*)", re.IGNORECASE | re.DOTALL)
_PLATFORM: Final = re.compile(
    r"Windows|Win(?:9[58x]|NT|32)|Macintosh|Mac[_ ]|PPC|X11|Linux|Android|iPhone|iPad|iPod|iOS|CrOS|BlackBerry"
    r"|BB10|PlayBook"
    r"|Symb|Series ?[346]0|Nokia|Tizen|Bada|[Ww]eb0?OS|hpwOS|PlayStation|PSP|Nintendo|Xbox|SMART-?TV|SmartTV|KAIOS"
    r"|Mobile"
    r"|BSD|SunOS|Solaris|BeOS|Haiku|OS/2|AmigaOS|MeeGo|Maemo|MIDP|Fuchsia|Sailfish|Wayland|Unknown|DragonFly"
    r"|Tablet|TV\b"
)
_HANDHELD: Final = re.compile(
    r"Android|iPhone|iPad|iPod|Mobile|BlackBerry|BB10|PlayBook|Symb|Series ?[346]0|Nokia|Tizen|Bada|[Ww]eb0?OS"
    r"|hpwOS|PlayStation"
    r"|Nintendo|SMART-?TV|SmartTV|KAIOS|MeeGo|Maemo|MIDP|Tablet|PSP|Windows Phone|TV\b"
)
_EXPLORER: Final = re.compile(r"MSIE \d|Trident/\d|IEMobile")
_ITEM: Final = re.compile(
    r"[UIN]|compatible|(?:Microsoft )?Windows(?: NT)?(?: \d+\.\d+)?(?: \d+)?|Windows (?:9[58]|ME|XP|CE|Vista|[78]"
    r"|1[01])|Win ?9x [\d.]+|Win(?:dows)?(?:64|32|98|95|NT|XP)"
    r"|WOW64|W[Oo][Ww]64|x64|x86(?:_64)?|amd64|AMD64|ARM(?:64)?|arm(?:64|v\d\w*)?|aarch64|i[3-6]86(?: \(x86_64\))?"
    r"|ia64|IA64|PPC|Itanium|Touch"
    r"|Macintosh|Mac OS X|(?:Intel|PPC) Mac OS X?.{0,30}|Mac_PowerPC|Mac OS X .{0,20}|Darwin.{0,20}"
    r"|X11|Wayland|Linux(?: .{0,40})?|(?:Free|Net|Open|Dragon)BSD.{0,40}|DragonFly.{0,20}|SunOS.{0,30}"
    r"|Solaris.{0,20}|CrOS .{0,60}|AIX.{0,20}|HP-UX.{0,20}|BeOS.{0,20}|Haiku.{0,20}|OS/2.{0,20}"
    r"|Ubuntu.{0,40}|Fedora.{0,20}|Debian.{0,20}|Gentoo|Arch Linux|CentOS.{0,20}|openSUSE.{0,20}|SUSE.{0,20}"
    r"|Mint.{0,20}|Mageia.{0,20}"
    r"|rv[: ]?\d[\w.]*|[a-z]{2,3}(?:[-_](?:[A-Z]{2}|[a-z]{2}|[A-Z][a-z]{3}(?:-[A-Z]{2})?))?|\d[\d.]*|Xbox.{0,20}"
    r"|WebView/\d.{0,10}|KHTML.{0,20}|Konqueror/.{0,60}|SV1|\.NET[ \w.]*|"
)
_KNOWN: Final = re.compile(
    r"\(KHTML,? ?like Gecko\)?,?|\(like Gecko\)|like (?:Gecko|iPhone|Mac ?OS ?X?|Android)\b[^\s]*"
    r"|\((?:KHTML, like Gecko, )?Safari/[\d.]+\)"
    r"|(?<![\w-])(?:AppleWebKit|Gecko|Chrome|Chromium|CriOS|FxiOS|Firefox|Safari|Version|Mobile|OPR|OPT|OPX|OPiOS"
    r"|Opera|Presto|Edge?|EdgA|EdgiOS"
    r"|EdgW|Trident|Focus|Klar|Tablet|GSA|DuckDuckGo|Ddg|Silk|Iceweasel|SeaMonkey|Ubuntu|Fedora|Debian|Red Hat"
    r"|CentOS|SUSE|Mandriva|Gentoo|Linux|Mint"
    r"|Vivaldi|Brave|YaBrowser|Yowser|YaSearchBrowser|YaApp_\w+|Whale|Maxthon|MxBrowser|PaleMoon|Basilisk|Goanna"
    r"|Waterfox|LibreWolf|Iron|Epiphany|Falkon|KHTML"
    r"|Konqueror|Netscape6?|Camino|K-Meleon|Arora|Midori|Thunderbird|Lightning|BMID|Namoroka|Shiretoko|Minefield"
    r"|Iceape|IceCat|GranParadiso|BonEcho"
    r"|Core|Build|UCBrowser|MQQBrowser|AOL|AOLBuild|GTB[\d.]*|FirePHP|Unique|Config|Viewer|Lightspeed|Puffin"
    r"|Ecosia)(?:/[^\s();]*)?(?![\w-])"
    r"|\(\s*\.NET[^()]*\)|\((?:Edition [^()]*|beta|gfe|Ubuntu|hardy|jaunty|gutsy|lucid|intrepid|karmic|maverick"
    r"|natty|feisty|Win64|SpeedMode)\)|(?<!\S)\d[\d.]*(?!\S)",
    re.IGNORECASE,
)
_BROWSER_LIKE: Final = re.compile(
    r"(?<!\S)[\w.-]*?(?:/\d+\.\d+\.\d+\.\d+|browser(?:/[\w.-]+)?|explorer/[\d.]+)(?!\S)", re.IGNORECASE
)
"""Forks of Chromium have its kind of version, four numbers; others name themselves browsers."""

_WORDS: Final = re.compile(r"\w")
_ODD: Final = re.compile(
    r"\b(?:Chrome|CriOS)/(?![12]?\d{1,2}\.\d+\.\d+\.\d+(?:[\s;),]|$))|Safari/[\d.]+ [A-Za-z][A-Za-z-]*$"
    r"|\b(?:Firefox|FxiOS|Edg[A-Za-z]*)/(?:[3-9]\d\d|\d{4,})(?![\d])|\bOPR/(?:[3-9]\d\d|\d{4,})(?!\d)"
    r"|\bVersion/(?:[6-9]\d|\d{3,})(?!\d)"
)
"""No Chrome has four digits in its version or one from 300 on, and no Firefox, Edge or Opera: at the pace of 2026 those
are years away. Safari's versions are named after years since 26."""

_GECKO: Final = re.compile(r"rv:(\d+)\.[\d.]*[^)]*\) Gecko/\S+ Firefox/(\d+)\.")
_RV_FROZEN: Final = range(109, 121)
"""Firefox 110 to 119 kept saying rv:109.0 (bugzilla 1805967)."""

_FIRST_EQUAL: Final = 5
_ODD_PLATFORM: Final = re.compile(r"https?://|\bwww\.|Android 0\b|Windows NT (?:[7-9]|1[1-9])\.|\brv:\D")


class BrowserString(NamedTuple):
    """A full browser string, taken apart."""

    foreign: str
    """Products after or between those of browsers, without browsers themselves."""
    forks: str
    """Products there that call themselves browsers."""
    toolbars: str
    """Toolbars and add-ons in Internet Explorer's user agent; empty for others."""
    handheld: bool
    """Apps on telephones put their name behind their web view's: there an unknown product is an app."""
    odd: bool
    """A platform on which no browser runs, or that no version of one sends."""
    appended: bool
    """A comment after `compatible;`, or inside the engine's: how crawlers identify themselves."""


def parse_browser_string(text: str) -> BrowserString | None:
    """Read a user agent that has a browser's shape; None for others. Linear in the text."""
    shape = _SHAPE.match(text)
    if shape is None:
        return None
    platform, products = shape[1], shape[2]
    explorer = bool(_EXPLORER.search(platform))
    handheld = bool(_HANDHELD.search(platform) or "Mobile" in products)
    alone = not _PLATFORM.search(platform) or (
        "compatible" in platform and not explorer and "Konqueror" not in platform
    )
    appended = "compatible;" in products or "KHTML, like Gecko;" in products
    rest = _KNOWN.sub(" ", products)
    forks = " ".join(_BROWSER_LIKE.findall(rest))
    foreign = _BROWSER_LIKE.sub(" ", rest) if forks else rest
    items = "" if explorer or handheld or alone else " ".join(_foreign_items(platform))
    foreign = f"{foreign} {items}".strip() if items or _WORDS.search(foreign) else ""
    if alone or appended:
        foreign = f"{foreign} {platform if alone else products}".strip()
    odd = alone or bool(_ODD.search(products) or _ODD_PLATFORM.search(platform)) or _gecko_differs(text)
    return BrowserString(foreign, forks, platform if explorer else "", handheld, odd, appended)


def _foreign_items(platform: str) -> list[str]:
    return [item for each in platform.split(";") if (item := each.strip()) and not _ITEM.fullmatch(item)]


def _gecko_differs(text: str) -> bool:
    """Firefox repeats its version as rv, since there is a rapid one."""
    found = _GECKO.search(text)
    if found is None:
        return False
    rv, version = int(found[1][:4]), int(found[2][:4])
    return version >= _FIRST_EQUAL and rv != version and not (rv == _RV_FROZEN[0] and version in _RV_FROZEN)

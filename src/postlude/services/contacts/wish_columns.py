"""What a file says of a person's wishes: which columns state one, and what their cells mean.

Files of other products name these columns in many ways, so headings are told by their words. A cell that is not
understood is refused with its remedy: a wish is never taken for something else.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from postlude.model.stated_wish import BOUNCED, COMPLAINED, LEFT, NO_WISH, StatedWish
from postlude.model.words import Consent, Purpose

_MAIL: Final = (Purpose.MAIL,)
_TRACKING: Final = (Purpose.OPENS, Purpose.CLICKS)


class _Column(NamedTuple):
    """What a column is about."""

    purposes: tuple[Purpose, ...]
    negative: bool = False
    """Yes means: it was withdrawn."""


WISHES: Final = {
    "consent": _Column(_MAIL),
    "mailings": _Column(_MAIL),
    "unsubscribed": _Column(_MAIL, negative=True),
    "complained": _Column((), negative=True),
    "bounced": _Column((), negative=True),
    "opens_consent": _Column((Purpose.OPENS,)),
    "clicks_consent": _Column((Purpose.CLICKS,)),
    "tracking_consent": _Column(_TRACKING),
    "no_opens": _Column((Purpose.OPENS,), negative=True),
    "no_clicks": _Column((Purpose.CLICKS,), negative=True),
    "do_not_track": _Column(_TRACKING, negative=True),
}
"""What a column that states a wish can be, by its word in `mapping`."""


# Headings, as lower case words joined by underscores. What is beside a wish, and is none itself:
_BESIDE: Final = re.compile(
    r"(?:^|_)(?:url|link|href|reason|campaign|title|count|counts|number|rate|token|ip|comment|source|text|wording|form|"
    r"by|method|other|version|lang|language|template|group|hash|id|total|sum|page|grund|quelle)(?:_|$)"
)
_OTHER_CHANNEL: Final = re.compile(
    r"sms|phone|telefon|whatsapp|(?:^|_)(?:calls?|push|fax|post|postal|tel|mobile)(?:_|$)"
)
_WHEN: Final = re.compile(r"(?:^|_)(?:at|date|time|datetime|timestamp|datum|fecha)(?:_|$)")
_LEAVING_HEADING: Final = re.compile(
    r"unsub|opt(?:ed|s)?_?out|do_?not_?(?:e_?)?(?:mail|contact|send|disturb|market)|dont_?(?:e_?)?mail|"
    r"(?:^|_)no_?(?:more_?)?(?:e_?)?(?:mails?|mailings?|newsletters?|marketing|contact)(?:_|$)|black_?list|block_?list|"
    r"deny_?list|suppress|withdr[ae]w|revok|widerruf|widersp[ro]|abgemeldet|abmeldung|abbestellt|ausgetragen|"
    r"(?:no|not|non)_(?:consent|agreed|subscribed)|consent_(?:refus|den|declin|reject)|werbesperre|"
    r"d[ée]sinscri|d[ée]sabonn|disiscri|cancellato|(?:^|_)bajas?(?:_|$)|dado_de_baja|uitgeschreven|afgemeld|avmeld|"
    r"avregistr|frameld|odhl[aá][sš]|wypisan|отписа|відпис|退订|退訂|配信停止|購読解除|수신거부|objected|objection|"
    r"(?:^|_)robinson(?:_|$)"
)
_AGREEING_HEADING: Final = re.compile(
    r"consent|permission|einwillig|zustimmung|zugestimmt|toestemming|samtykke|samtycke|souhlas|zgoda|согласие|同意|동의|"
    r"opt(?:ed)?_?in(?:_|$)|(?:^|_)agree[ds](?:_|$)|accepts?_(?:e_?mail_)?marketing|may_(?:e_?)?mail|(?:^|_)can_(?:e_?)?mail|"
    r"(?:^|_)(?:is_?)?subscribed"
)
_SPAM_HEADING: Final = re.compile(r"complain|spam_?(?:report|mark)|reported_spam|abuse_?report")
_GONE_HEADING: Final = re.compile(r"(?:^|_)(?:clean(?:ed)?|hard_?bounced?|bounced|undeliverable)(?:_|$)")
_TRACK: Final = re.compile(r"track|nachverfolg|suivi|seguimiento|tracciament|(?:^|_)dnt(?:_|$)")
_OPENS: Final = re.compile(r"(?:^|_)(?:opens?|opened|opening)(?:_|$)")
_CLICKS: Final = re.compile(r"(?:^|_)(?:clicks?|clicked)(?:_|$)")
_NOT_TRACKED: Final = re.compile(
    r"do_?not_?track|(?:^|_)dnt(?:_|$)|(?:^|_)no_?track|untracked|not_tracked|dont_?track|"
    r"track\w*_(?:off|disabled|refused|blocked|declined|denied)|(?:^|_)no_(?:opens?|clicks?)(?:_|$)"
)
_TRACKED: Final = re.compile(
    r"(?:^|_)(?:allow|may|can|enable|ok)\w*_track|^track(?:ing)?_(?:opens?|clicks?)$|(?:opens?|clicks?)_track(?:ing|ed)?$"
)
_STATUS_WORD: Final = r"(?:status|state|statut|estado|stato)"
_STATUS: Final = re.compile(
    rf"(?:e_?mail|subscri[a-z]*|marketing|newsletter|mailings?|opt_?in)_{_STATUS_WORD}|^mailings?$|"
    rf"{_STATUS_WORD}_(?:e_?mail|newsletter|marketing)"
)
_PERHAPS: Final = frozenset(
    re.findall(
        r"\w+",
        "subscription abonnement abo newsletter newsletters marketing email_marketing gdpr dsgvo rgpd avg privacy "
        "mailinglist mailing_list werbung infomail",
    )
)
_ANY_STATUS: Final = re.compile(rf"(?:^|_){_STATUS_WORD}$|^column_\d+$")

_NOISE: Final = re.compile(r"[\W_]+")
_DATE: Final = re.compile(r"\d{1,4}[-/.年]\s?\d{1,2}[-/.月]\s?\d{1,4}|\d{4}-?\d\d-?\d\d(?:T|\b)|\d{9,16}(?:\.\d+)?\Z")
_NO_DATE: Final = re.compile(r"0{1,4}[-/.]0{1,2}[-/.]0{1,4}[0\s:.TZ]*")


def _known(text: str) -> frozenset[str]:
    return frozenset(word.strip().replace("_", " ") for word in text.split())


_YES: Final = _known(
    "yes y true t 1 1_0 x on ja j oui o si sí s sì sim da д да tak ano kyllä evet igen はい 是 예 네 checked wahr "
    "vrai verdadero vero ok"
)
_NO: Final = _known(
    "no n false f 0 0_0 off nein non não nao nej nei nee nie ne ei нет ні  hayir nem いいえ 否 아니요 unchecked "
    "falsch faux falso never"
)
_JOINED: Final = _known(
    "given granted agreed accepted approved allowed allow enabled active subscribed subscriber confirmed verified "
    "opted_in opt_in optin double_opt_in single_opt_in express explicit express_consent aktiv angemeldet "
    "abonniert abonné inscrit suscrito iscritto ingeschreven подписан 订阅 zugestimmt erteilt accordé"
)
_TELLING: Final = _known(
    "subscribed unsubscribed opted_in opted_out opt_in opt_out optin optout unsubscribe unsub complained cleaned "
    "bounced hard_bounced unconfirmed never_subscribed do_not_mail do_not_email abgemeldet angemeldet inscrit "
    "désinscrit"
)
"""Words that make a status that of a subscription, and not of an order."""
_WITHDRAWN: Final = _known(
    "withdrawn withdrew revoked refused declined denied rejected removed objected disagreed disallowed not_given "
    "not_allowed not_agreed no_consent opted_out opt_out optout opt_outs unsubscribed unsubscribe unsub unsubbed "
    "disabled blocked blacklisted blocklisted suppressed deleted archived inactive cancelled canceled stopped "
    "stop do_not_mail do_not_email do_not_contact do_not_send do_not_track dnt dnc no_mail no_email no_mails "
    "widerrufen widersprochen abgemeldet abbestellt ausgetragen gesperrt abgelehnt verweigert désinscrit "
    "désabonné desinscrit desabonne refusé retiré baja dado_de_baja cancelado retirado disiscritto revocato "
    "rifiutato uitgeschreven afgemeld ingetrokken avmeldt avregistrerad frameldt trukket odhlášen odvolán "
    "wypisany wycofana отписан отписался отозвано 退订 退訂 配信停止 解除 拒否 拒绝 撤回 撤回済み 철회 수신거부"
)
_OPEN: Final = _known(
    "unknown pending unconfirmed unverified not_known not_confirmed not_set not_subscribed never_subscribed "
    "non_subscribed nonsubscribed none null nil n_a na nan undefined unset awaiting awaiting_confirmation waiting "
    "marketing_contact non_marketing_contact implied implicit transactional unbekannt offen ausstehend inconnu "
    "desconocido sconosciuto неизвестно soft_bounced soft_bounce"
)
_SPAM: Final = _known(
    "complained complaint complaints complainer spam spam_complaint spam_complaints spam_report spam_reported "
    "reported_spam reported_as_spam marked_as_spam abuse abuse_complaint spammed junk"
)
_GONE: Final = _known(
    "bounced bounce hard_bounced hard_bounce cleaned clean invalid undeliverable undelivered unreachable does_not_exist"
)

_ENDED_BY: Final = dict.fromkeys(_SPAM, COMPLAINED) | dict.fromkeys(_GONE, BOUNCED)


def wish_of_heading(heading: str) -> str:
    """Which of WISHES a column with this heading (words joined by `_`) states; empty: none, or see `perhaps`."""
    heading = unicodedata.normalize("NFKC", heading)
    if _BESIDE.search(heading) or (_OTHER_CHANNEL.search(heading) and "mail" not in heading):
        return ""
    if tracking := _tracking_column(heading):
        return tracking
    kinds = (
        ("complained", _SPAM_HEADING),
        ("unsubscribed", _LEAVING_HEADING),
        ("bounced", _GONE_HEADING),
        ("mailings", _STATUS),
    )
    for wish, words in kinds:
        if words.search(heading):
            return wish
    return "consent" if _AGREEING_HEADING.search(heading) and not _WHEN.search(heading) else ""


def _tracking_column(heading: str) -> str:
    opens, clicks = _OPENS.search(heading) is not None, _CLICKS.search(heading) is not None
    leaving = _LEAVING_HEADING.search(heading) or _NOT_TRACKED.search(heading)
    agreeing = _AGREEING_HEADING.search(heading) or _TRACKED.search(heading)
    if not (opens or clicks or _TRACK.search(heading)) or not (leaving or agreeing):
        return ""
    if not leaving and _WHEN.search(heading):
        return ""
    if opens != clicks:
        what = "opens" if opens else "clicks"
        return f"no_{what}" if leaving else f"{what}_consent"
    return "do_not_track" if leaving else "tracking_consent"


def perhaps(heading: str, cells: Iterable[str]) -> str:
    """Which of WISHES a column with a heading such as `status` or `newsletter` states by its cells; empty: none."""
    filled = [cell for cell in cells if cell.strip()]
    wish = "tracking_consent" if heading in {"tracking", "track"} else "mailings"
    known = wish != "mailings" or heading in _PERHAPS
    if not (known or is_doubtful(heading)) or not filled:
        return ""
    try:
        for cell in filled:
            read_wish(wish, cell)
    except ValueError:
        return ""
    return wish if known or not _TELLING.isdisjoint(map(_word, filled)) else ""


def is_doubtful(heading: str) -> bool:
    """Whether cells under this heading may state a wish by themselves, such as `unsubscribed` under `status`."""
    return heading in _PERHAPS or _ANY_STATUS.search(heading) is not None


def clear_wish(cell: str) -> StatedWish:
    """What a cell states by itself, whatever its column is called: `unsubscribed`, `spam complaint` ..."""
    word = _word(cell)
    if word in _CLEAR:
        return StatedWish(ended="unsubscribed")
    return StatedWish(ended=COMPLAINED) if word in _CLEAR_SPAM else NO_WISH


_CLEAR: Final = _known(
    "unsubscribed unsubscribe unsub opted_out opt_out optout do_not_mail do_not_email do_not_contact no_mail "
    "no_email abgemeldet abbestellt désinscrit désabonné disiscritto uitgeschreven odhlášen wypisany отписан 退订 "
    "退訂 配信停止"
)
_CLEAR_SPAM: Final = _known("complained spam_complaint reported_spam marked_as_spam abuse_complaint")


def read_wish(wish: str, cell: str) -> StatedWish:
    """What a cell of a column that states `wish` (one of WISHES) means; ValueError `reason; remedy` when it is unclear.

    A blank cell states nothing.
    """
    text = cell.strip()
    word, column = _word(text), WISHES[wish]
    ended = LEFT if word == LEFT and wish in {"mailings", "unsubscribed"} else _ENDED_BY.get(word, "")
    if ended or not text:
        return StatedWish(ended=ended)
    yes = _means(word, text)
    if yes is None:
        return StatedWish(open_question=frozenset(column.purposes))
    if column.negative:
        plain = word in _YES or word in _NO or bool(_DATE.match(text))
        return _withdrawn(wish, column) if plain == yes else NO_WISH
    return _given(wish, column) if yes else _withdrawn(wish, column, word)


def _means(word: str, text: str) -> bool | None:
    """Yes, no, or not known."""
    if word in _NO or word in _WITHDRAWN or _NO_DATE.fullmatch(text):
        return False
    if word in _YES or word in _JOINED or _DATE.match(text):
        return True
    if word in _OPEN or not word:
        return None
    raise ValueError(
        "it is not clear what the person wants; write `given` or `withdrawn` (`yes` or `no`), or leave the column out "
        "or keep it as an ordinary field with --map COLUMN=- or --map COLUMN=NAME"
    )


def _given(wish: str, column: _Column) -> StatedWish:
    if wish == "mailings":  # that mail was sent to them does not prove that they agreed
        return NO_WISH
    return _with(column, Consent.GIVEN)


def _withdrawn(wish: str, column: _Column, word: str = "") -> StatedWish:
    if wish in {COMPLAINED, BOUNCED}:
        return StatedWish(ended=wish)
    if wish == "unsubscribed" or (wish == "mailings" and word in _WITHDRAWN):
        return StatedWish(ended="unsubscribed")
    return _with(column, Consent.WITHDRAWN)


def _with(column: _Column, state: Consent) -> StatedWish:
    mail, opens, clicks = (state if purpose in column.purposes else Consent.UNKNOWN for purpose in Purpose)
    return StatedWish(mail, opens, clicks)


def _word(text: str) -> str:
    return _NOISE.sub(" ", unicodedata.normalize("NFKC", text).casefold()).strip()


def states_a_wish(fields: Mapping[str, str]) -> str:
    """The first of these custom fields that states a wish, which a custom field does not keep; empty: none."""
    for name, value in fields.items():
        if value.strip() and wish_of_heading(_NOISE.sub("_", name.strip().lower()).strip("_")):
            return name
    return ""

"""Automatic answers: RFC 3834 and the habits of servers older or ruder than it."""

import re
from typing import Final

from postlude.feedback.letter import Letter

_FLAGS: Final = (
    "x-autoreply",
    "x-autorespond",
    "x-auto-reply-from",
    "x-autoreply-from",
    "x-autoresponder",
    "x-mail-autoreply",
    "x-vacation",
    "x-cron-env",
    "x-ms-exchange-generated-message-source",
    "x-zendesk-autoreply",
    "x-otrs-loop-auto",
)
_SUBJECTS: Final = re.compile(
    r"^\s*(?:out of (?:the )?office|automatic(?:ally)? (?:reply|response)|auto(?:matic)?[- ]?(?:reply|"
    r"response|responder|antwort)\b|auto:|"
    r"\[?autoreply|abwesenheit|automatische antwort|réponse automatique|absence du bureau|respuesta automática|"
    r"fuera de (?:la )?oficina|risposta automatica|fuori sede|automatisch antwoord|afwezig|"
    r"resposta automática|autosvar|"
    r"automaattinen vastaus|autoodpowied|automatická odpov|автоответ|автоматический ответ|自動(?:返信|応答)|"
    r"不在(?:通知|の(?:お知らせ|ため|連絡)|です|$)|自动回复|자동 ?회신|"
    r"vacation(?: reply| message|:)|i am (?:currently )?(?:out of|on (?:vacation|leave|holiday))|"
    r"on (?:vacation|holiday):?)",
    re.IGNORECASE,
)
_ANSWERING: Final = ("in-reply-to", "references")
_LIST: Final = ("list-id", "list-post", "list-unsubscribe", "mailing-list")


def auto_reply_rule(letter: Letter) -> str:
    """The id of the rule that shows an automatic answer, empty when a person may have written it."""
    root = letter.root
    submitted = root.get("auto-submitted").lower().strip()
    answers = any(root.get(name) for name in _ANSWERING)
    if submitted.startswith("auto-replied"):
        return "auto-replied"
    if any(root.get(name) for name in _LIST):
        return ""
    if submitted and not submitted.startswith("no") and answers:
        return "auto-submitted-answer"
    return _habits(letter, answers=answers)


def _habits(letter: Letter, *, answers: bool) -> str:
    root = letter.root
    precedence = root.get("precedence").lower().strip()
    titled = letter.subject.lower().startswith(("auto", "vacation"))
    checks = (
        ("auto-header", any(root.get(name).lower() not in {"", "no", "false"} for name in _FLAGS)),
        ("precedence", precedence in {"auto_reply", "auto-reply"}),
        ("precedence-answer", precedence in {"bulk", "junk"} and answers and (titled or letter.from_daemon)),
        ("autoresponder", root.get("delivered-to").lower().startswith("autorespon")),
        ("autoresponder", root.get("x-loop").lower().startswith("autorespon")),
        ("auto-subject", bool(_SUBJECTS.search(letter.subject))),
    )
    return next((rule for rule, found in checks if found), "")

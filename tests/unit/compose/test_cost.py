"""Which templates are known to cost little: those need no process of their own."""

import pytest

from postlude.compose import CampaignTemplate, compile_campaign
from postlude.instrument import Policy
from postlude.tokens import KeyRing, Kind, TokenCodec, Urls

URLS = Urls(TokenCodec(KeyRing({1: b"k" * 32}, 1)), "https://t.example.org", Kind.CAMPAIGN, 77)


def is_cheap(code: str) -> bool:
    template = CampaignTemplate(sender="a@example.org", subject="Hello", html=f"<p>{code}</p>")
    return compile_campaign(template, Policy(headers=False), URLS).cheap


@pytest.mark.parametrize(
    "code",
    [
        "Hello",
        "{{ contact.first_name }}",
        "Dear {{ contact.first_name|default('friend')|title }}, {{ contact['city']|upper|urlencode }}",
        "{% if contact.city == 'Rome' and not contact.left %}a{% elif contact.n|int > 3 %}b{% else %}c{% endif %}",
        "{{ 'you' if contact.name is defined else 'friend' }} {{ contact.text|truncate(80) }}",
        '<a href="{{ unsubscribe_url }}">leave</a>{{ subject }}{{ contact.n|round(2) }}',
    ],
)
def test_ordinary_mailings_are_cheap(code: str) -> None:
    assert is_cheap(code)


@pytest.mark.parametrize(
    "code",
    [
        "{% for a in contact.a %}x{% endfor %}",
        "{% for i in range(9) %}x{% endfor %}",
        "{{ contact.a ~ contact.a }}",
        "{{ contact.a * 3 }}",
        "{{ contact.n|int ** 9 }}",
        "{{ contact.a|center(9) }}",
        "{{ contact.a|replace('a', 'b') }}",
        "{{ contact.a|wordwrap }}",
        "{{ [contact.a]|join }}",
        "{{ '%9d'|format(contact.n|int) }}",
        "{{ contact.a.upper() }}",
        "{% set a %}{{ contact.a }}{% endset %}{{ a }}",
        "{% macro f() %}x{% endmacro %}{{ f() }}",
        "{{ contact.n|int|round(-1000000000) }}",
        "{% filter upper %}x{% endfilter %}",
        "{{ contact.a }}" * 6_000,
    ],
)
def test_what_can_cost_anything_is_not(code: str) -> None:
    assert not is_cheap(code)

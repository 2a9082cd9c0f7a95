"""From text to tree.

expression = both { "or" both }
both       = one { "and" one }
one        = "not" one | "(" expression ")" | call | field
call       = name [ "(" [ argument { "," argument } ] ")" ] [ comparison number ]
argument   = [ name "=" ] value
field      = name ( comparison value | "contains" text | "starts" text | "ends" text
           | [ "not" ] "in" "(" text { "," text } ")" | "is" [ "not" ] "empty" )
"""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Final, TypeVar, get_args

import msgspec

from postlude.kit.ids import parse_id
from postlude.kit.whole_number import whole_number
from postlude.model.contact_fields import FIELD_NAMES
from postlude.model.words import Consent, EngagementState, MemberStatus, Purpose
from postlude.segments import expression as tree
from postlude.segments import moments
from postlude.segments.expression import Expression, Reference
from postlude.segments.lexer import Lexeme, SegmentError, lexemes

DEEPEST: Final = 40
MOST_PARTS: Final = 200
OWN_FIELDS: Final = ("address", "domain", "source", *FIELD_NAMES)
"""Fields every contact has. `domain` is the part of the address behind the @."""
ACTIONS: Final = get_args(tree.Action)
_SIGNS: Final = ("=", "!=", "<", "<=", ">", ">=")
_TEXT_WORDS: Final = {"contains": "contains", "starts": "starts", "ends": "ends"}
_CALLS: Final = (
    *("everyone", "list", "tag", "segment", "consent", "suppressed", "state", "score", "field", "added"),
    *ACTIONS,
)
_TIME: Final = frozenset({"since", "before", "within"})
_MAIL: Final = frozenset({"campaign", "subject", "topic"}) | _TIME
_STATES: Final = {"unknown": Consent.UNKNOWN, "given": Consent.GIVEN, "withdrawn": Consent.WITHDRAWN}

_T = TypeVar("_T")


def parse_expression(text: str) -> Expression:
    """The tree of an expression, with names as they are written; SegmentError shows what is wrong and where.

    Promises that `parse_expression(render(tree)) == tree`, and that a text of any kind is read or refused within its
    length.
    """
    return _Reader(text).whole()


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._lexemes: Sequence[Lexeme] = list(lexemes(text))
        self._next = 0
        self._depth = 0
        self._parts = 0

    def whole(self) -> Expression:
        if self._now.kind == "end":
            raise self._error("the expression is empty: write for example opened(within='30d')")
        found = self._expression()
        if self._now.kind != "end":
            raise self._error(f"and, or, or the end is expected here, not {self._now.value!r}")
        return found

    # What is read

    @property
    def _now(self) -> Lexeme:
        return self._lexemes[self._next]

    def _take(self) -> Lexeme:
        taken = self._now
        self._next += taken.kind != "end"
        return taken

    def _is(self, *words: str) -> bool:
        return self._now.kind in {"word", "sign"} and self._now.value.lower() in words

    def _taken(self, *words: str) -> str:
        """The next word or sign when it is one of these, else nothing."""
        return self._take().value.lower() if self._is(*words) else ""

    def _expect(self, sign: str, why: str) -> None:
        if not self._taken(sign):
            raise self._error(f"{sign} is expected here, {why}")

    def _error(self, problem: str, at: int | None = None) -> SegmentError:
        return SegmentError(self._text, self._now.at if at is None else at, problem)

    # The grammar

    def _expression(self) -> Expression:
        self._depth += 1
        if self._depth > DEEPEST:
            raise self._error(f"brackets and not are nested deeper than {DEEPEST}: save a part as a list or a tag")
        parts = [self._both()]
        while self._taken("or"):
            parts.append(self._both())
        self._depth -= 1
        return parts[0] if len(parts) == 1 else tree.AnyOf(tuple(parts))

    def _both(self) -> Expression:
        parts = [self._one()]
        while self._taken("and"):
            parts.append(self._one())
        return tree.all_of(parts)

    def _one(self) -> Expression:
        if self._taken("not"):
            self._depth += 1
            if self._depth > DEEPEST:
                raise self._error(f"brackets and not are nested deeper than {DEEPEST}")
            found: Expression = tree.Not(self._one())
            self._depth -= 1
            return found
        if self._taken("("):
            found = self._expression()
            self._expect(")", "for the bracket that was opened")
            return found
        self._parts += 1
        if self._parts > MOST_PARTS:
            raise self._error(f"{MOST_PARTS} parts are the most: use a list, a tag or `in`")
        return self._leaf()

    def _leaf(self) -> Expression:
        name = self._take()
        if name.kind != "word":
            found = "nothing more is written" if name.kind == "end" else f"{name.value!r} is none"
            raise self._error(f"something to ask is expected here, but {found}; there are: {_known()}", name.at)
        word = name.value.lower()
        if word in OWN_FIELDS:
            return self._compared(word, custom=False)
        if word not in _CALLS:
            raise self._error(f"{name.value!r} is nothing that can be asked; {_suggested(name.value)}", name.at)
        given = self._arguments() if self._is("(") else {}
        if word == "field":
            return self._compared(self._text_of(given, name, "field('City') = 'Berlin'"), custom=True)
        if word in ACTIONS:
            return self._action(word, given)
        return self._call(word, given, name)

    def _arguments(self) -> dict[str, Lexeme]:
        """By name; the one without a name is ''."""
        self._expect("(", "")
        given: dict[str, Lexeme] = {}
        while not self._taken(")"):
            if given:
                self._expect(",", "or ) at the end")
            key = ""
            if self._now.kind == "word":
                key = self._take().value.lower()
                self._expect("=", f"as in {key}='...'")
            if key in given:
                raise self._error(f"{key or 'a value'} is given twice")
            value = self._take()
            if value.kind not in {"text", "id", "number"}:
                raise self._error("a text in quotation marks is expected here", value.at)
            given[key] = value
        return given

    # Leaves

    def _call(self, word: str, given: dict[str, Lexeme], name: Lexeme) -> Expression:  # noqa: PLR0911 - one form a word
        if word == "everyone":
            self._only(given, frozenset(), word)
            return tree.Everyone()
        if word == "list":
            self._only(given, frozenset({"", "status"}), word)
            status = self._choice(given, "status", {one.value: one for one in MemberStatus}) or MemberStatus.SUBSCRIBED
            return tree.OnList(self._ref(given, "", name, "list('News')"), status)
        if word == "tag":
            self._only(given, frozenset({""}), word)
            return tree.Tagged(self._ref(given, "", name, "tag('vip')"))
        if word == "segment":
            self._only(given, frozenset({""}), word)
            return tree.InSegment(self._ref(given, "", name, "segment('Hot')"))
        if word == "suppressed":
            self._only(given, frozenset({"reason"}), word)
            return tree.IsSuppressed(given["reason"].value if "reason" in given else "")
        if word == "added":
            self._only(given, _TIME, word)
            return tree.Added(**self._times(given))
        if word in {"state", "score"}:
            return self._engaged(word, given, name)
        self._only(given, frozenset({""}), word)
        purpose = self._choice(given, "", {one.value: one for one in Purpose})
        if purpose is None or not self._taken("="):
            raise self._error("write consent('mail') = 'given'; purposes are mail, opens and clicks")
        return tree.HasConsent(purpose, self._one_of(self._take(), _STATES))

    def _engaged(self, word: str, given: Mapping[str, Lexeme], name: Lexeme) -> Expression:
        if word == "state":
            self._only(given, frozenset({""}), word)
            state = self._choice(given, "", {one.value: one for one in EngagementState})
            if state is None:
                raise self._error(f"write state('hot'); there are {', '.join(EngagementState)}", name.at)
            return tree.InState(state)
        self._only(given, frozenset(), word)
        sign, number = self._taken(*_SIGNS), self._take()
        value = whole_number(number.value) if number.kind == "number" else None
        if not sign or value is None or value > tree.LARGEST_SCORE:
            raise self._error("write score() >= 60; a score is a whole number from 0 to 100", number.at)
        return tree.ScoreIs(sign, value)  # type: ignore[arg-type] # of _SIGNS

    def _action(self, word: str, given: dict[str, Lexeme]) -> Expression:
        self._only(given, _MAIL | ({"link"} if word == "clicked" else set()), word)
        texts = {key: self._string(given[key]) for key in ("subject", "topic", "link") if key in given}
        campaign = self._ref(given, "campaign", None, "") if "campaign" in given else None
        made = tree.Did(word, campaign=campaign, **texts, **self._times(given))  # type: ignore[arg-type] # of ACTIONS
        return self._counted(made)

    def _counted(self, made: tree.Did) -> Expression:
        """`>= 3` and its like, written "at least" and "not at least"."""
        sign = self._taken(*_SIGNS)
        if not sign:
            return made
        number = self._take()
        count = whole_number(number.value) if number.kind == "number" else None
        if count is None or count > tree.LARGEST_COUNT:
            raise self._error(f"a whole number from 0 to {tree.LARGEST_COUNT:,} is expected here", number.at)
        return _times_done(made, sign, count)

    def _compared(self, name: str, *, custom: bool) -> Expression:
        if sign := self._taken(*_SIGNS):
            value = self._take()
            if name == "domain" and not custom and sign not in {"=", "!="}:
                raise self._error("a domain is compared by =, !=, in, contains, starts and ends", value.at)
            if value.kind == "number":
                return tree.FieldIs(name, sign, float(value.value), custom)  # type: ignore[arg-type] # of _SIGNS
            return tree.FieldIs(name, sign, self._string(value), custom)  # type: ignore[arg-type] # of _SIGNS
        if word := self._taken(*_TEXT_WORDS):
            self._taken("with")
            return tree.FieldIs(name, _TEXT_WORDS[word], self._string(self._take()), custom)  # type: ignore[arg-type]
        negated = bool(self._taken("not"))
        if self._taken("in"):
            found: Expression = tree.FieldIn(name, self._values(), custom)
            return tree.Not(found) if negated else found
        if not negated and self._taken("is"):
            negated = bool(self._taken("not"))
            if self._taken("empty"):
                return tree.Not(tree.FieldEmpty(name, custom)) if negated else tree.FieldEmpty(name, custom)
        raise self._error(
            f"what {name} shall be is expected here: = != < <= > >=, contains, starts, ends, in (...), is empty"
        )

    def _values(self) -> tuple[str, ...]:
        self._expect("(", "as in in ('Berlin', 'Bonn')")
        values = [self._string(self._take())]
        while self._taken(","):
            values.append(self._string(self._take()))
        self._expect(")", "or , and another text")
        return tuple(values)

    # Values

    def _times(self, given: Mapping[str, Lexeme]) -> dict[str, str]:
        found = {key: self._string(given[key]) for key in sorted(_TIME) if key in given}
        for key, text in found.items():
            try:
                (moments.read_length if key == "within" else moments.read_moment)(text)
            except ValueError as error:
                raise self._error(str(error), given[key].at) from None
        if "within" in found and len(found) > 1:
            raise self._error("within is a time up to now: leave out since and before", given["within"].at)
        return found

    def _only(self, given: Mapping[str, Lexeme], known: frozenset[str] | set[str], word: str) -> None:
        for key, value in given.items():
            if key not in known:
                allowed = ", ".join(sorted(name for name in known if name)) or "nothing"
                raise self._error(f"{word}() takes {allowed}, not {key or value.value!r}", value.at)

    def _string(self, value: Lexeme) -> str:
        if value.kind != "text" or "\0" in value.value:
            raise self._error("a text in quotation marks is expected here", value.at)
        return value.value

    def _text_of(self, given: Mapping[str, Lexeme], name: Lexeme, example: str) -> str:
        if set(given) != {""} or not self._string(given[""]):
            raise self._error(f"write {example}", name.at)
        return given[""].value

    def _ref(self, given: Mapping[str, Lexeme], key: str, name: Lexeme | None, example: str) -> Reference:
        value = given.get(key)
        if value is None or value.kind == "number" or not value.value:
            raise self._error(f"write {example or key + '=...'}", None if name is None else name.at)
        return Reference(id=parse_id(value.value[1:]) or 0) if value.kind == "id" else Reference(self._string(value))

    def _choice(self, given: Mapping[str, Lexeme], key: str, known: Mapping[str, _T]) -> _T | None:
        return self._one_of(given[key], known) if key in given else None

    def _one_of(self, value: Lexeme, known: Mapping[str, _T]) -> _T:
        found = known.get(value.value.lower()) if value.kind in {"text", "word"} else None
        if found is None:
            raise self._error(f"{value.value!r} is none of {', '.join(known)}", value.at)
        return found


def _times_done(made: tree.Did, sign: str, number: int) -> Expression:
    def at_least(least: int) -> Expression:
        return tree.Everyone() if least <= 0 else msgspec.structs.replace(made, least=least)

    def fewer(than: int) -> Expression:
        return tree.Not(at_least(than))

    if sign == ">=":
        return at_least(number)
    if sign == ">":
        return at_least(number + 1)
    if sign == "<":
        return fewer(number)
    if sign == "<=":
        return fewer(number + 1)
    exactly = fewer(1) if not number else tree.AllOf((at_least(number), fewer(number + 1)))
    return exactly if sign == "=" else tree.Not(exactly)


def _known() -> str:
    return ", ".join([*OWN_FIELDS, *_CALLS])


def _suggested(word: str) -> str:
    near = get_close_matches(word.lower(), [*OWN_FIELDS, *_CALLS], 1, 0.6)
    if near:
        return f"is it {near[0]}?"
    return f"there are: {_known()}. A field of your own is field({word!r})"

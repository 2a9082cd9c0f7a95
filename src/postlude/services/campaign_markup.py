"""MJML into the HTML that leaves."""

from postlude.model.errors import InputError


def html_of_mjml(source: str) -> str:
    """HTML of a complete MJML document; its fields stay as they are. InputError says what it cannot read."""
    from mjml import mjml2html  # noqa: PLC0415 - loads a library of 5 MB, and most campaigns are written in HTML

    try:
        return str(mjml2html(source))
    except Exception as error:
        raise InputError(f"this is no MJML: {error}. A document begins with <mjml><mj-body>") from error

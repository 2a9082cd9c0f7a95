# ruff: noqa: E501 - HTML in the long lines that mail tools write
"""A newsletter as mail tools write them: 50 kB of nested tables with inline styles, 30 links, an Outlook button."""

import base64
import quopri

LINKS = 30
SIZE = 50_000

_HEAD = """<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office">
<head>
<meta http-equiv="Content-Type" content="text/html; charset=utf-8">
<title>The garden in spring</title>
<!--[if gte mso 9]><xml><o:OfficeDocumentSettings><o:AllowPNG/><o:PixelsPerInch>96</o:PixelsPerInch></o:OfficeDocumentSettings></xml><![endif]-->
<style type="text/css">
body { margin: 0; padding: 0; -webkit-text-size-adjust: 100%; background-color: #f4f1ea; }
table { border-spacing: 0; border-collapse: collapse; } img { border: 0; line-height: 100%; outline: none; }
@media only screen and (max-width: 600px) { .column { width: 100% !important; display: block !important; } }
</style>
</head>
<body style="margin:0;padding:0;background-color:#f4f1ea;">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0"><tr><td align="center">
"""
_FOOT = """</td></tr></table>
</body>
</html>
"""
_ITEM = """<table role="presentation" class="column" width="600" cellpadding="0" cellspacing="0" border="0" style="width:600px;max-width:600px;background-color:#ffffff;">
<tr><td style="padding:24px 32px 0 32px;font-family:Georgia,'Times New Roman',serif;font-size:20px;line-height:26px;color:#2b3a2f;">
<a href="{url}" target="_blank" style="color:#2b3a2f;text-decoration:none;">{title}</a></td></tr>
<tr><td style="padding:8px 32px 0 32px;font-family:Helvetica,Arial,sans-serif;font-size:15px;line-height:22px;color:#555555;">
{text}
</td></tr>
<tr><td align="center" style="padding:16px 32px 24px 32px;">
<img src="https://images.garden.example/2026/{number:02}.jpg" width="536" height="240" alt="Bed number {number}" style="display:block;width:100%;height:auto;">
</td></tr>
</table>
"""
_BUTTON = """<!--[if mso]><v:roundrect href="{url}" style="height:40px;v-text-anchor:middle;width:200px;" arcsize="10%" fillcolor="#3a7d44">
<center style="color:#ffffff;font-size:15px;">Read on</center></v:roundrect><![endif]-->
<![if !mso]><a href="{url}" style="background-color:#3a7d44;color:#ffffff;padding:10px 24px;text-decoration:none;">Read on</a><![endif]>
"""
_WORDS = "The soil is warm enough now, and what was sown in March may go out: a hand\N{RIGHT SINGLE QUOTATION MARK}s breadth apart, watered once and well. "


def html() -> bytes:
    """The HTML part: UTF-8, `LINKS` links a browser sees and one Outlook twin, about `SIZE` bytes."""
    urls = [f"https://www.garden.example/2026/spring/bed-{n}?ref=letter&issue=17&block={n % 5}" for n in range(LINKS)]
    button = _BUTTON.format(url=urls[-1].replace("&", "&amp;"))
    bare = len(_HEAD + _FOOT + button) + sum(len(_item(n, url, "")) for n, url in enumerate(urls[:-1]))
    text = (_WORDS * (SIZE // len(_WORDS)))[: (SIZE - bare) // (LINKS - 1)]
    lines = "\n".join(text[at : at + 110] for at in range(0, len(text), 110))
    items = "".join(_item(n, url, lines) for n, url in enumerate(urls[:-1]))
    return (_HEAD + items + button + _FOOT).encode()


def _item(number: int, url: str, text: str) -> str:
    return _ITEM.format(number=number, url=url.replace("&", "&amp;"), title=f"What to do in bed {number}", text=text)


def message(encoding: str) -> bytes:
    """The whole message: multipart/alternative with a plain text part, both parts in this transfer encoding."""
    body = html().replace(b"\n", b"\r\n")
    plain = (_WORDS * 20).encode().replace(b". ", b".\r\n")
    parts = [(b"text/plain", plain), (b"text/html", body)]
    head = (
        b"From: Garden <letter@garden.example>\r\nTo: Alice <alice@example.org>\r\nSubject: The garden in spring\r\n"
        b"Date: Mon, 20 Apr 2026 09:00:00 +0000\r\nMessage-ID: <17@garden.example>\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/alternative; boundary="=_border_17"\r\n\r\n'
    )
    out = [head]
    for kind, data in parts:
        out.append(b"--=_border_17\r\nContent-Type: " + kind + b"; charset=utf-8\r\n")
        out.append(
            b"Content-Transfer-Encoding: " + encoding.encode() + b"\r\n\r\n" + _encoded(data, encoding) + b"\r\n"
        )
    return b"".join(out) + b"--=_border_17--\r\n"


def _encoded(data: bytes, encoding: str) -> bytes:
    if encoding == "base64":
        return base64.encodebytes(data).replace(b"\n", b"\r\n")
    if encoding == "quoted-printable":
        return quopri.encodestring(data.replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n")
    return data

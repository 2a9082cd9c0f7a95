"""Tables as downloads."""

import asyncio

from starlette.responses import StreamingResponse

from postlude.web.downloads import csv_response


def test_a_table_is_a_file_that_spreadsheets_read() -> None:
    answer = csv_response(iter([["name", "sum"], ["Zoë", "=1+1"]]), "some.csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="some.csv"'
    assert isinstance(answer, StreamingResponse)

    async def body() -> str:
        return "".join([str(part) async for part in answer.body_iterator])

    assert asyncio.run(body()) == "\ufeffname,sum\r\nZoë,'=1+1\r\n"

"""`postlude settings`: the table of settings with the values in force."""

import click

from postlude.cli.output import print_json
from postlude.config import PREFIX, load, table


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(as_json: bool) -> None:
    """List every setting with its value, default and meaning.

    Each is set by an environment variable, by a file named in VARIABLE_FILE (for secrets), or in postlude.toml.
    """
    values = load()
    rows = []
    for name, row in table().items():
        value = values.get(name)
        shown = "(set, not shown)" if row.secret and value else _text(value)
        rows.append(
            {"name": name, "variable": PREFIX + name.upper(), "value": shown, "default": row.default, "help": row.help}
        )
    if as_json:
        print_json(rows)
        return
    for item in rows:
        click.echo(f"{item['variable']}={item['value']}")
        click.echo(f"    {item['help']}" + (f" Default: {item['default']}" if item["default"] else ""))


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case tuple():
            return ",".join(str(item) for item in value)
        case _:
            return str(value)

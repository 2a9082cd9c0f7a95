import pytest

from postlude.app.processes.sockets import listen, port_of
from postlude.model.errors import InUseError, SettingError


def test_a_taken_port_names_the_setting_to_change() -> None:
    with listen("127.0.0.1", 0, "edge") as first, pytest.raises(InUseError, match="POSTLUDE_EDGE_PORT"):
        listen("127.0.0.1", port_of(first), "edge")


def test_a_foreign_address_names_the_setting_to_change() -> None:
    with pytest.raises(SettingError, match="POSTLUDE_WEB_HOST"):
        listen("192.0.2.1", 0, "web")

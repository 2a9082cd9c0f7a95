from postlude.model.listen_address import ListenAddress


def test_it_is_shown_with_its_port() -> None:
    assert str(ListenAddress("127.0.0.1", 8700)) == "127.0.0.1:8700"

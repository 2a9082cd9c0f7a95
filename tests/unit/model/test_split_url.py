from postlude.model.split_url import SplitUrl


def test_a_token_stands_between_head_and_tail() -> None:
    assert SplitUrl("https://t.example.org/i/", ".gif").around("abc") == "https://t.example.org/i/abc.gif"

"""Segments in the browser."""

from collections.abc import Callable

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from support.web_world import Csrf, World

Post = Callable[..., Response]


@pytest.fixture
def client(world: World) -> TestClient:
    store = world.deps.store
    store.contacts.add("anna@example.org", 1, name="Anna", fields={"City": "Bonn"})
    store.contacts.add("bob@example.org", 2, fields={"City": "Ulm"})
    return world.client(world.alice)


@pytest.fixture
def post(client: TestClient, csrf: Csrf) -> Post:
    def send(path: str, of: str = "/segments", **fields: object) -> Response:
        return client.post(path, data={"csrf": csrf(client, of), **fields}, follow_redirects=False)

    return send


def test_an_expression_is_counted_while_it_is_typed(client: TestClient) -> None:
    part = client.get("/segments/look", params={"expression": "field('City') = 'Bonn'"}).text
    assert "<strong>1</strong> contacts whose City is &#39;Bonn&#39;" in part
    assert "anna@example.org" in part


def test_a_misspelled_expression_is_told_while_it_is_typed(client: TestClient) -> None:
    assert "is it opened?" in client.get("/segments/look", params={"segment": "oppened()"}).text


def test_without_script_the_page_counts(client: TestClient) -> None:
    page = client.get("/segments", params={"expression": "everyone"}).text
    assert "<strong>2</strong> all contacts" in page


@pytest.fixture
def bonn(post: Post) -> str:
    """The page of a saved segment."""
    return post("/segments", name="Bonn", expression="field('City') = 'Bonn'").headers["location"]


def test_a_saved_segment_shows_whom_it_chooses(client: TestClient, bonn: str) -> None:
    assert "anna@example.org" in client.get(bonn).text


def test_a_segment_is_renamed_and_stays_frozen(world: World, post: Post, bonn: str) -> None:
    post(f"{bonn}/freeze", bonn)
    post(bonn, bonn, name="In Bonn", expression="field('City') = 'Bonn'")
    [saved] = world.deps.store.segments.every()
    assert saved.name == "In Bonn"
    assert saved.frozen


def test_a_changed_expression_chooses_others(client: TestClient, post: Post, bonn: str) -> None:
    post(bonn, bonn, name="Bonn", expression="field('City') = 'Ulm'")
    assert "bob@example.org" in client.get(bonn).text


def test_deleting_wants_to_be_confirmed(world: World, post: Post, bonn: str) -> None:
    assert post(f"{bonn}/delete", bonn).status_code == 400
    assert len(world.deps.store.segments.every()) == 1


def test_a_segment_is_deleted(world: World, post: Post, bonn: str) -> None:
    post(f"{bonn}/delete", bonn, sure="1")
    assert world.deps.store.segments.every() == []


def test_what_cannot_be_saved_stays_in_the_form(post: Post) -> None:
    answer = post("/segments", name="Bonn", expression="field('Citty') = 'Bonn'")
    assert answer.status_code == 400
    assert "no contact has a field" in answer.text
    assert "Citty" in answer.text
    assert 'value="Bonn"' in answer.text


def test_a_mailing_is_made_from_it(world: World, client: TestClient, post: Post, bonn: str) -> None:
    draft = post("/mailings", bonn, name="To Bonn", expression="segment('Bonn')").headers["location"]
    page = client.get(draft).text
    assert "segment(&#39;Bonn&#39;)" in page
    [made] = world.deps.store.campaigns.latest()
    assert made.name == "To Bonn"


def test_a_stranger_sees_nothing(world: World) -> None:
    for path in ("/segments", "/segments/look?expression=everyone", "/segments/0000000000000001"):
        assert world.client().get(path, follow_redirects=False).headers["location"] == "/sign-in"

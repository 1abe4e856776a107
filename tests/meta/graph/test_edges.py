"""The table of calls: each is found by its path, and nothing else is."""

import pytest

from emulator.meta.graph.edges import EDGES, Edge, find_edge
from tests.meta.graph_support import Client


def segments(path: str) -> tuple[str, ...]:
    return tuple("42" if part.startswith("{") else part for part in path.split("/"))


@pytest.mark.parametrize("edge", EDGES, ids=lambda edge: edge.path)
def test_edge__is_found_by_its_path(edge: Edge) -> None:
    assert find_edge(segments(edge.path)) is edge


@pytest.mark.parametrize(
    "path", [(), ("me", "likes"), ("me", "messages", "1"), ("me", "messages", "likes")]
)
def test_edge__that_does_not_exist(path: tuple[str, ...]) -> None:
    assert find_edge(path) is None


@pytest.mark.parametrize("edge", EDGES, ids=lambda edge: edge.path)
def test_edge__of_an_object_that_does_not_exist(edge: Edge) -> None:
    """Each tells 100/33, whatever it is asked; but for those calls that are no object's."""
    client = Client(edge.platforms[0])
    answer = client.ask(
        edge.methods[0],
        "/" + "/".join(segments(edge.path)).replace("me/", "42/"),
        {"messaging_product": "whatsapp"} if edge.methods[0] == "POST" else None,
        token=client.app if edge.path.startswith("{app}") else None,
    )

    if edge.path in ("debug_token", "oauth/access_token"):
        assert answer.status == 400
    else:
        assert answer.error == (100, 33)


@pytest.mark.parametrize("edge", EDGES, ids=lambda edge: edge.path)
def test_edge__needs_a_token(edge: Edge) -> None:
    client = Client(edge.platforms[0])
    answer = client.ask(edge.methods[0], "/" + "/".join(segments(edge.path)), token="")

    assert (answer.error[0] == 190) is not edge.is_open


@pytest.mark.parametrize("edge", EDGES, ids=lambda edge: edge.path)
def test_edge__takes_its_methods_only(edge: Edge) -> None:
    client = Client(edge.platforms[0])
    wrong = next(method for method in ("PUT", "PATCH") if method not in edge.methods)

    assert client.ask(wrong, "/" + "/".join(segments(edge.path))).error == (100, 33)

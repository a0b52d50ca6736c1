import pytest
from app import shapes


def test_known_shapes():
    assert sorted(shapes.Shape.registry) == ["circle", "square"]


def test_area_of_a_square():
    assert shapes.make("square", 3).area() == 9


def test_area_of_a_circle():
    assert shapes.make("circle", 2).area() == 12


def test_unknown_shape():
    with pytest.raises(KeyError):
        shapes.make("hexagon")


def test_a_subclass_replaces(monkeypatch):
    monkeypatch.setattr(shapes.Shape, "registry", dict(shapes.Shape.registry))

    class Square(shapes.Shape):
        def area(self):
            return -1

    assert shapes.make("square").area() == Square().area()


def test_a_subclass_is_registered():
    class Triangle(shapes.Shape):
        pass

    assert shapes.Shape.registry["triangle"] is Triangle

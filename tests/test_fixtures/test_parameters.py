import re

import pytest

from tests.fixtures.proxmox.schema.parameters import (
    ComplaintError,
    Kind,
    Numbered,
    Parameter,
    ParameterTable,
    Properties,
)

NET = Parameter(
    properties=Properties(dict.fromkeys(("model", "bridge"), Parameter()), default_key="model")
)


@pytest.mark.parametrize(
    ("kind", "value", "typed"),
    [
        pytest.param(Kind.INTEGER, "1024", 1024, id="integer as text"),
        pytest.param(Kind.INTEGER, -3, -3, id="negative integer"),
        pytest.param(Kind.NUMBER, "1.5", 1.5, id="number as text"),
        pytest.param(Kind.BOOLEAN, True, True, id="Python bool"),
        pytest.param(Kind.BOOLEAN, "on", True, id="on"),
        pytest.param(Kind.BOOLEAN, 0, False, id="zero"),
        pytest.param(Kind.BOOLEAN, "No", False, id="no"),
        pytest.param(Kind.STRING, 7, "7", id="string from integer"),
        pytest.param(Kind.ARRAY, ("ls", 1), ["ls", "1"], id="array"),
        pytest.param(Kind.ARRAY, "ls", ["ls"], id="array of one"),
    ],
)
def test_read_gives_the_type(kind: Kind, value: object, typed: object) -> None:
    assert Parameter(kind).read(value) == typed


@pytest.mark.parametrize(
    ("parameter", "value", "complaint"),
    [
        pytest.param(Parameter(Kind.INTEGER), "x", "type check ('integer') failed - got 'x'",
                     id="integer"),
        pytest.param(Parameter(Kind.INTEGER), True, "type check ('integer') failed - got 'True'",
                     id="integer from bool"),
        pytest.param(Parameter(Kind.INTEGER), 1.5, "type check ('integer') failed - got '1.5'",
                     id="integer from float"),
        pytest.param(Parameter(Kind.NUMBER), "1,5", "type check ('number') failed - got '1,5'",
                     id="number"),
        pytest.param(Parameter(Kind.BOOLEAN), "maybe",
                     "type check ('boolean') failed - got 'maybe'", id="boolean"),
        pytest.param(Parameter(), ["a"], "type check ('string') failed - got ARRAY", id="list"),
        pytest.param(Parameter(), {"a": 1}, "type check ('string') failed - got HASH", id="dict"),
        pytest.param(Parameter(Kind.INTEGER, minimum=16), 2,
                     "value must have a minimum value of 16", id="minimum"),
        pytest.param(Parameter(Kind.INTEGER, maximum=999_999_999), 1_000_000_000,
                     "value must have a maximum value of 999999999", id="maximum"),
        pytest.param(Parameter(choices=("l26", "other")), "dos",
                     "value 'dos' does not have a value in the enumeration 'l26, other'",
                     id="choices"),
        pytest.param(Parameter(pattern=re.compile("a+")), "b",
                     "value does not match the regex pattern", id="pattern"),
        pytest.param(Parameter(pattern=re.compile("a+"), looks_like="DNS name"), "b",
                     "invalid format - value does not look like a valid DNS name\n", id="format"),
        pytest.param(NET, "virtio,foo=1",
                     "invalid format - invalid key in comma-separated list property: foo\n",
                     id="property key"),
        pytest.param(Parameter(properties=Properties({"ip": Parameter()})), "dhcp",
                     "invalid format - value without key, but schema does not define a default "
                     "key\n",
                     id="property without key"),
    ],
)  # fmt: skip
def test_read_complains(parameter: Parameter, value: object, complaint: str) -> None:
    with pytest.raises(ComplaintError) as complained:
        parameter.read(value)

    assert str(complained.value) == complaint


@pytest.mark.parametrize(
    ("name", "is_known"),
    [("cores", True), ("net0", True), ("net31", True), ("net32", False), ("net01", False),
     ("net", False), ("core", False)],
)  # fmt: skip
def test_find(name: str, is_known: bool) -> None:
    table = ParameterTable({"cores": Parameter()}, {"net": Numbered(NET, 32)})

    assert (table.find(name) is not None) is is_known


@pytest.mark.parametrize(
    ("name", "nearest"), [("core", "cores"), ("nett0", "net[n]"), ("zq", None)]
)
def test_nearest(name: str, nearest: str | None) -> None:
    table = ParameterTable({"cores": Parameter()}, {"net": Numbered(NET, 32)})

    assert table.nearest(name) == nearest


def test_joined_table_has_the_parameters_of_both() -> None:
    table = ParameterTable({"a": Parameter()}).joined(
        ParameterTable({"b": Parameter(required=True)})
    )

    assert table.required == ("b",)
    assert table.find("a") is not None

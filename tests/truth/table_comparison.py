"""Compares our table of requests with another schema of Proxmox VE; leaves judging to the test."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from tests.fixtures.proxmox.endpoints import Endpoint
from tests.fixtures.proxmox.schema.parameters import Kind, Parameter
from tests.fixtures.proxmox.schema.results import FieldKind, Result, ResultKind

# The schema is another program's JSON; what is in it is checked here, at each use.
Schema = Mapping[str, Any]
_PATH_VALUES: Final = re.compile(r"\{(\w+)\*?\}")
_RESULTS: Final[Mapping[ResultKind, tuple[str, ...]]] = {
    ResultKind.NULL: ("null",),
    ResultKind.UPID: ("string",),
    ResultKind.TEXT: ("string",),
    ResultKind.INTEGER: ("integer",),
    ResultKind.OBJECT: ("object",),
    ResultKind.LIST: ("array",),
    ResultKind.ANY: ("any", "null", "string", "integer", "object", "array", "boolean", "number"),
}
_FIELDS: Final[Mapping[FieldKind, tuple[str, ...]]] = {
    FieldKind.TEXT: ("string",),
    FieldKind.INTEGER: ("integer", "boolean"),
    FieldKind.NUMBER: ("number", "integer"),
}


def describe_differences(endpoint: Endpoint, theirs: Schema) -> Iterator[str]:
    """Give one line for each difference; parameters are compared for modelled requests."""
    yield from _result_differences(endpoint.result, theirs.get("returns") or {})
    if endpoint.is_modelled:
        properties: Schema = (theirs.get("parameters") or {}).get("properties") or {}
        yield from _parameter_differences(endpoint, properties)


def _parameter_differences(endpoint: Endpoint, properties: Schema) -> Iterator[str]:
    table = endpoint.parameters
    ours: dict[str, Parameter] = dict(table.named)
    ours |= {f"{stem}[n]": family.parameter for stem, family in table.families.items()}
    in_path = set(_PATH_VALUES.findall(endpoint.template))
    for name in sorted(set(ours) - set(properties)):
        yield f"parameter {name}: Proxmox VE has none"
    for name in sorted(set(properties) - set(ours) - in_path):
        yield f"parameter {name}: missing in our table"
    for name in sorted(set(ours) & set(properties)):
        if ours[name].is_modelled:
            for difference in _one_parameter(ours[name], properties[name]):
                yield f"parameter {name}: {difference}"


def _one_parameter(ours: Parameter, theirs: Schema) -> Iterator[str]:
    kind = str(theirs.get("type", "string"))
    if ours.kind.value != kind:
        yield f"ours is {ours.kind.value}, theirs {kind}"
    if ours.required == bool(theirs.get("optional")):
        yield f"ours is {'required' if ours.required else 'optional'}, theirs isn't"
    choices = tuple(map(str, theirs.get("enum") or ()))
    if sorted(ours.choices) != sorted(choices):
        yield f"choices differ: {sorted(set(ours.choices) ^ set(choices))}"
    if theirs.get("maxLength") != ours.max_length and ours.max_length is not None:
        yield f"longest: ours {ours.max_length}, theirs {theirs.get('maxLength')}"
    yield from _key_differences(ours, theirs)
    yield from _bound_differences(ours, theirs)


def _key_differences(ours: Parameter, theirs: Schema) -> Iterator[str]:
    parts = theirs.get("format")
    if ours.properties is not None and isinstance(parts, Mapping):
        differing = sorted(ours.properties.keys ^ set(parts))
        if differing:
            yield f"keys differ: {', '.join(differing)}"
        for key, known in ours.properties.types.items():
            for difference in _one_parameter(known, parts[key]):
                yield f"key {key}: {difference}"


def _bound_differences(ours: Parameter, theirs: Schema) -> Iterator[str]:
    if ours.kind not in {Kind.INTEGER, Kind.NUMBER} or ours.pattern is not None:
        return
    for word, value in (("minimum", ours.minimum), ("maximum", ours.maximum)):
        bound = theirs.get(word)
        if value != (None if bound is None else float(bound)):
            yield f"{word}: ours {value}, theirs {bound}"


def _result_differences(ours: Result, theirs: Schema) -> Iterator[str]:
    kind = theirs.get("type")
    if kind is not None and kind not in _RESULTS[ours.kind]:
        yield f"result: ours is {ours.kind.value}, theirs {kind}"
        return
    entries = theirs.get("items") if ours.kind is ResultKind.LIST else theirs
    properties: Schema = (entries or {}).get("properties") or {}
    for name, known in ours.fields.items():
        declared = properties.get(name, {}).get("type")
        if declared is not None and declared not in _FIELDS[known.kind]:
            yield f"result, {name}: ours is {known.kind.value}, theirs {declared}"

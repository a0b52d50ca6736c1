from typing import Any

import pytest
from proxmoxer.core import ResourceException

from tests.fixtures.builder import ProxmoxAPIMockBuilder
from tests.fixtures.proxmox.errors import DoubleError

SCOPES = ["cluster", "nodes/node1", "nodes/node1/qemu/100"]


@pytest.fixture
def api(mock_builder: ProxmoxAPIMockBuilder) -> Any:
    """The API of a cluster with VM 100."""
    return mock_builder.with_vm(100).build_api()


@pytest.fixture(params=SCOPES)
def firewall(api: Any, request: pytest.FixtureRequest) -> Any:
    """The firewall of the cluster, a node, a guest."""
    return api(request.param).firewall


def refusal(call: Any, **params: object) -> tuple[str, object]:
    with pytest.raises(ResourceException) as raised:
        call(**params)
    return raised.value.content, raised.value.errors


def comments(firewall: Any) -> list[str]:
    return [rule["comment"] for rule in firewall.rules.get()]


def add(firewall: Any, *names: str) -> None:
    for name in reversed(names):
        firewall.rules.post(type="in", action="ACCEPT", comment=name)


def test_new_rule_comes_first_and_is_off(firewall: Any) -> None:
    add(firewall, "a", "b")

    first = firewall.rules(0).get()
    assert comments(firewall) == ["a", "b"]
    assert (first["pos"], first["enable"], first["action"]) == (0, 0, "ACCEPT")


def test_rule_is_changed_and_removed(firewall: Any) -> None:
    add(firewall, "a", "b")

    firewall.rules(0).put(action="DROP", enable=1, delete="comment")
    firewall.rules(1).delete()

    (left,) = firewall.rules.get()
    assert (left["action"], left["enable"], "comment" in left) == ("DROP", 1, False)


@pytest.mark.parametrize(
    ("position", "target", "expected"), [(0, 3, "bca"), (0, 2, "bac"), (2, 0, "cab")]
)
def test_rule_is_moved(api: Any, position: int, target: int, expected: str) -> None:
    add(api.cluster.firewall, "a", "b", "c")

    api.cluster.firewall.rules(position).put(moveto=target)

    assert "".join(comments(api.cluster.firewall)) == expected


@pytest.mark.parametrize(
    ("params", "errors"),
    [
        ({"action": "BOGUS"}, {"action": "unknown action 'BOGUS'"}),
        ({"macro": "SSHH"}, {"macro": "unknown macro 'SSHH'"}),
        ({"dport": "22"}, {"proto": "missing property - 'dport' requires this property"}),
        ({"type": "group", "action": "none"}, {"action": "no such security group 'none'"}),
    ],
)
def test_rule_is_refused(api: Any, params: dict[str, str], errors: dict[str, str]) -> None:
    rule = {"type": "in", "action": "ACCEPT", **params}

    assert refusal(api.cluster.firewall.rules.post, **rule)[1] == errors


@pytest.mark.parametrize("verb", ["get", "delete"])
def test_missing_rule_is_refused(firewall: Any, verb: str) -> None:
    assert refusal(getattr(firewall.rules(7), verb))[0] == "no rule at position 7"


def test_stale_digest_is_refused(firewall: Any) -> None:
    add(firewall, "a")

    message, _errors = refusal(firewall.rules(0).put, enable=1, digest="0" * 40)

    assert message.startswith("detected modified configuration")


def test_options_are_set_and_deleted(firewall: Any) -> None:
    firewall.options.put(enable=1)
    digest = firewall.options.get()["digest"]

    assert firewall.options.get()["enable"] == 1
    firewall.options.put(delete="enable", digest=digest)
    assert list(firewall.options.get()) == ["digest"]


def test_unknown_option_is_not_deleted(firewall: Any) -> None:
    assert refusal(firewall.options.put, delete="bogus")[1] == {"delete": "no such option 'bogus'"}


def test_firewalls_are_apart(api: Any) -> None:
    add(api.cluster.firewall, "a")

    assert api.nodes("node1").firewall.rules.get() == []


def test_firewall_goes_with_its_guest(mock_builder: ProxmoxAPIMockBuilder, api: Any) -> None:
    add(api.nodes("node1").qemu(100).firewall, "a")

    mock_builder.with_vm(100)

    assert api.nodes("node1").qemu(100).firewall.rules.get() == []


def test_firewall_of_no_guest_is_refused(api: Any) -> None:
    assert "999.conf' does not exist" in refusal(api.nodes("node1").qemu(999).firewall.get)[0]


@pytest.mark.parametrize("scope", ["nodes/node1", "nodes/node1/qemu/100"])
def test_log_pages_and_filters(mock_builder: ProxmoxAPIMockBuilder, api: Any, scope: str) -> None:
    where: dict[str, Any] = {"vmid": 100} if "qemu" in scope else {"node": "node1"}
    mock_builder.with_firewall_log("a", "b", **where)
    mock_builder.clock.advance(10)
    mock_builder.with_firewall_log("c", **where)
    log = api(scope).firewall.log

    assert [line["t"] for line in log.get()] == ["a", "b", "c"]
    assert log.get(start=1, limit=1) == [{"n": 2, "t": "b"}]
    assert [line["t"] for line in log.get(since=mock_builder.clock.now)] == ["c"]


def test_empty_log_says_so(api: Any) -> None:
    assert api.nodes("node1").firewall.log.get() == [{"n": 1, "t": "no content"}]


@pytest.mark.parametrize("scope", ["cluster", "nodes/node1/qemu/100"])
def test_life_of_names(api: Any, scope: str) -> None:
    firewall = api(scope).firewall
    firewall.aliases.post(name="Lan", cidr="10.0.0.0/8")
    firewall.ipset.post(name="servers", comment="c")
    firewall.ipset("servers").post(cidr="10.0.0.0/24", nomatch=1)
    firewall.ipset("servers").post(cidr="lan")

    entry = firewall.ipset("servers")("10.0.0.0/24").get()
    assert (entry["cidr"], entry["nomatch"]) == ("10.0.0.0/24", 1)
    assert {one["name"] for one in firewall.refs.get()} == {"Lan", "servers"}
    assert [one["type"] for one in firewall.refs.get(type="ipset")] == ["ipset"]
    firewall.aliases("lan").put(cidr="10.0.0.0/9", rename="wan")
    firewall.ipset("servers")("10.0.0.0/24").put(comment="x")
    firewall.ipset("servers")("10.0.0.0/24").delete()
    firewall.ipset("servers").delete(force=1)
    assert [one["name"] for one in firewall.aliases.get()] == ["wan"]
    firewall.aliases("wan").delete()
    assert firewall.refs.get() == []


@pytest.mark.parametrize(
    ("path", "verb", "params", "expected"),
    [
        (
            "aliases", "post", {"name": "a1", "cidr": "10.0.0.1"},
            {"name": "alias 'a1' already exists"},
        ),
        ("aliases/zz", "get", {}, {"name": "no such alias"}),
        ("ipset", "post", {"name": "s1"}, {"name": "IPSet 's1' already exists"}),
        ("ipset", "post", {"name": "s2", "rename": "s9"}, {"name": "IPSet 's9' does not exist"}),
        ("ipset/s1", "post", {"cidr": "10.0.0.1"}, {"cidr": "address '10.0.0.1' already exists"}),
        (
            "ipset/s1", "post", {"cidr": "0.0.0.0/0"},
            {"cidr": "a zero prefix is not allowed in ipset entries"},
        ),
        ("ipset/s1", "post", {"cidr": "nope"}, "no such alias 'nope'"),
        ("ipset/s1", "delete", {}, "IPSet 's1' is not empty"),
        ("ipset/s9", "get", {}, "no such IPSet 's9'"),
        ("ipset/s1/10.9.9.9", "get", {}, {"cidr": "no such IP/Network"}),
        ("groups", "post", {"group": "g1"}, {"group": "Security group 'g1' already exists"}),
        (
            "groups", "post", {"group": "g2", "rename": "g9"},
            {"group": "Security group 'g9' does not exist"},
        ),
        ("groups/g1", "delete", {}, "Security group 'g1' is not empty"),
        ("groups/g9", "get", {}, "no such security group 'g9'"),
    ],
)  # fmt: skip
def test_names_are_refused(
    api: Any, path: str, verb: str, params: dict[str, str], expected: object
) -> None:
    firewall = api.cluster.firewall
    firewall.aliases.post(name="a1", cidr="10.0.0.0/8")
    firewall.ipset.post(name="s1")
    firewall.ipset("s1").post(cidr="10.0.0.1")
    firewall.groups.post(group="g1")
    firewall.groups("g1").post(type="in", action="DROP")

    assert expected in refusal(getattr(firewall(path), verb), **params)


def test_empty_set_is_removed_without_force(api: Any) -> None:
    api.cluster.firewall.ipset.post(name="s1")

    api.cluster.firewall.ipset("s1").delete()

    assert api.cluster.firewall.ipset.get() == []


def test_group_is_used_by_a_rule(api: Any) -> None:
    firewall = api.cluster.firewall
    firewall.groups.post(group="web", comment="c")
    firewall.groups("web").post(type="in", action="ACCEPT", macro="HTTP")

    firewall.rules.post(type="group", action="web")

    assert firewall.rules(0).get()["action"] == "web"
    assert [one["macro"] for one in firewall.groups("web").get()] == ["HTTP"]
    firewall.groups("web")(0).delete()
    firewall.groups.post(group="www", rename="web")
    assert [one["group"] for one in firewall.groups.get()] == ["www"]


@pytest.mark.parametrize(("path", "key"), [("ipset", "name"), ("groups", "group")])
def test_renaming_takes_no_name_that_is_taken(api: Any, path: str, key: str) -> None:
    names = api.cluster.firewall(path)
    names.post(**{key: "web", "comment": "a"})
    names.post(**{key: "mail", "comment": "b"})

    with pytest.raises(ResourceException, match="'mail' already exists"):
        names.post(**{key: "mail", "rename": "web"})
    names.post(**{key: "web", "rename": "web", "comment": "c"})

    assert {one[key]: one["comment"] for one in names.get()} == {"web": "c", "mail": "b"}


def test_rules_and_options_can_be_described(mock_builder: ProxmoxAPIMockBuilder, api: Any) -> None:
    mock_builder.with_firewall_rule("DROP", vmid=100).with_firewall_rule(
        proto="icmp", vmid=100, icmp__type="echo-request"
    )
    mock_builder.with_firewall_options(vmid=100, enable=1)
    firewall = api.nodes("node1").qemu(100).firewall

    assert [rule["action"] for rule in firewall.rules.get()] == ["DROP", "ACCEPT"]
    assert firewall.rules(1).get()["icmp-type"] == "echo-request"
    assert firewall.options.get()["enable"] == 1


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"bogus": 1}, "rule has no 'bogus'"),
        ({"type": "sideways"}, "does not have a value in the enumeration"),
        ({"vmid": 999}, "there is no guest 999"),
    ],
)
def test_wrong_description_is_refused(
    mock_builder: ProxmoxAPIMockBuilder, rule: dict[str, Any], message: str
) -> None:
    with pytest.raises(DoubleError, match=message):
        mock_builder.with_firewall_rule(**rule)


def test_clusters_firewall_has_no_log(mock_builder: ProxmoxAPIMockBuilder) -> None:
    with pytest.raises(DoubleError, match="has no log"):
        mock_builder.with_firewall_log("a")

"""Whole workflows with snapshots, for each kind of guest."""

import pytest

from tests.suite.lab import NODE, Lab
from tests.suite.refusals import refusal_of

pytestmark = pytest.mark.integration


def test_upgrade_that_went_wrong_is_taken_back(running_lab: Lab) -> None:
    lab = running_lab
    target = {**lab.params, "vm_type": lab.kind}
    tools = lab.build_tools()
    healthy = {key: lab.guest.config[key] for key in ("memory", "net0", lab.guest.name_option)}
    lab.builder.with_task_duration(5)

    tools.create_snapshot(**target, snapname="before")
    lab.builder.clock.advance(5)
    lab.guest.config["memory"] = 64
    tools.create_snapshot(**target, snapname="upgraded")
    lab.builder.clock.advance(5)
    refusal = refusal_of(tools.rollback_snapshot, **target, snapname="before")
    tools.delete_snapshot(**target, snapname="upgraded")
    too_early = refusal_of(tools.rollback_snapshot, **target, snapname="before")
    lab.builder.clock.advance(5)
    tools.rollback_snapshot(**target, snapname="before")
    lab.builder.clock.advance(5)

    assert "has newer child snapshots: upgraded." in refusal
    assert "has newer child snapshots: upgraded." in too_early
    assert {key: lab.guest.config.get(key) for key in healthy} == healthy
    assert (lab.guest.status, list(lab.guest.snapshots)) == ("stopped", ["before"])
    kinds = ["snapshot", "snapshot", "delsnapshot", "rollback"]
    prefix = {"qemu": "qm", "lxc": "vz"}[lab.kind]
    assert lab.tasks == [(f"{prefix}{kind}", NODE, lab.vmid, "OK") for kind in kinds]

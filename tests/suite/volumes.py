"""Reads back which files a cluster's storages hold, so that a test sees what came and went."""

from typing import Final

from tests.fixtures.mock_helpers import ProxmoxAPIMockBuilder

DISKS: Final = ("images", "rootdir")

File = tuple[str, str]


def list_files(builder: ProxmoxAPIMockBuilder) -> set[File]:
    """Return node and volume id of every file that a node sees; guests' disks are none."""
    cluster = builder.cluster
    return {
        (node, volid)
        for node in cluster.nodes
        for storage in cluster.storages.values()
        for volid, volume in storage.volumes(node).items()
        if volume.content not in DISKS
    }

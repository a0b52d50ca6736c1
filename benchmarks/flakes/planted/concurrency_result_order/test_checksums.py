import pytest
from app import checksums

PARTS = [bytes([number]) * 100 for number in range(4)]


class TestChecksums:
    def test_results_of_all_parts(self):
        assert [number for number, _ in checksums.collect(PARTS)] == [0, 1, 2, 3]

    def test_results_are_complete(self):
        assert len(checksums.collect(PARTS)) == 4

    def test_results_by_number(self):
        assert dict(checksums.collect(PARTS))[2] == checksums.checksum(PARTS[2])

    def test_one_worker(self):
        assert [number for number, _ in checksums.collect(PARTS, 1)] == [0, 1, 2, 3]

    def test_in_order(self):
        assert checksums.collect_in_order(PARTS) == [checksums.checksum(part) for part in PARTS]

    @pytest.mark.parametrize("workers", [1, 4])
    def test_nothing(self, workers):
        assert checksums.collect([], workers) == []

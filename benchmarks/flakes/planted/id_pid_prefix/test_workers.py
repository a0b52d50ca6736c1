from app.workers import Worker, name


def test_worker_registers():
    worker = Worker()
    worker.register()
    assert (worker.directory / "key").exists()
    worker.leave()


def test_worker_leaves():
    worker = Worker()
    worker.register()
    worker.leave()
    assert not worker.directory.exists()


def test_own_registry(tmp_path):
    worker = Worker(tmp_path, pid=7)
    worker.register()
    assert [path.name for path in tmp_path.iterdir()] == ["worker-00000"]


def test_far_processes_have_different_names():
    assert name(1_000_000) != name(2_000_000)


def test_name():
    assert name(12_345_678) == "worker-12345"

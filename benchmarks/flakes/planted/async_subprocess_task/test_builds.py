import asyncio

import pytest
from app.builds import Build


@pytest.mark.asyncio
async def test_build_finishes():
    build = Build("print('built')")
    build.start()
    await asyncio.sleep(0.12)
    state, output = build.state, build.output
    await build.task
    assert (state, output) == ("done", "built")


@pytest.mark.asyncio
async def test_build_is_awaited():
    build = Build("print('built')")
    build.start()
    await build.task
    assert build.output == "built"


@pytest.mark.asyncio
async def test_failed_build():
    build = Build("raise SystemExit(1)")
    build.start()
    await asyncio.wait_for(build.task, 30)
    assert build.state == "failed"


def test_new_build_waits():
    assert Build("").state == "waiting"


def test_new_build_has_no_output():
    assert Build("").output is None

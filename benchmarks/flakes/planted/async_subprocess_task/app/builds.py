import asyncio
import sys


class Build:
    def __init__(self, source):
        self.source = source
        self.state = "waiting"
        self.output = None
        self.task = None

    def start(self):
        self.task = asyncio.create_task(self._run())

    async def _run(self):
        self.state = "running"
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-I", "-S", "-c", self.source, stdout=asyncio.subprocess.PIPE
        )
        output, _ = await process.communicate()
        self.output = output.decode().strip()
        self.state = "done" if process.returncode == 0 else "failed"

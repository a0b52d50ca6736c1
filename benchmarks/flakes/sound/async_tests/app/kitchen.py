import asyncio


class Kitchen:
    def __init__(self, cooks=2):
        self.cooks = asyncio.Semaphore(cooks)
        self.busy = 0
        self.most = 0

    async def cook(self, dish, duration_s=0.001):
        async with self.cooks:
            self.busy += 1
            self.most = max(self.most, self.busy)
            await asyncio.sleep(duration_s)
            self.busy -= 1
            return f"{dish}, hot"


async def serve(queue, plates):
    while (dish := await queue.get()) is not None:
        plates.append(dish)

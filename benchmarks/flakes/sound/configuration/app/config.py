import copy
import json

DEFAULTS = {"size": 3, "colours": ["red"], "limits": {"low": 0, "high": 10}}


class Config:
    def __init__(self, values=None):
        self.values = {**copy.deepcopy(DEFAULTS), **(values or {})}

    @classmethod
    def read(cls, path):
        return cls(json.loads(path.read_text()))

    def write(self, path):
        path.write_text(json.dumps(self.values, sort_keys=True))

    def __getitem__(self, name):
        return self.values[name]

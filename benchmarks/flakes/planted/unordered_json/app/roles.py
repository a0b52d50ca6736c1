import json


class Role:
    def __init__(self, name, permissions):
        self.name = name
        self.permissions = frozenset(permissions)

    def to_json(self):
        return json.dumps({"name": self.name, "permissions": list(self.permissions)})

    def may(self, permission):
        return permission in self.permissions

    def joined(self, other):
        return Role(f"{self.name}+{other.name}", self.permissions | other.permissions)

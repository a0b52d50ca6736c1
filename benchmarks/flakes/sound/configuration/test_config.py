import copy
import pickle

import pytest
from app.config import DEFAULTS, Config


@pytest.fixture
def config():
    return Config()


def test_default(config):
    assert config["size"] == 3


def test_own_value():
    assert Config({"size": 5})["size"] == 5


def test_unknown_value(config):
    with pytest.raises(KeyError):
        config["weight"]


def test_colours_are_its_own(config):
    config["colours"].append("blue")
    assert DEFAULTS["colours"] == ["red"]


def test_limits_are_its_own(config):
    config["limits"]["high"] = 99
    assert Config()["limits"]["high"] == 10


def test_write_and_read(config, tmp_path):
    config.write(tmp_path / "config")
    assert Config.read(tmp_path / "config").values == config.values


def test_read_adds_defaults(tmp_path):
    (tmp_path / "config").write_text('{"size": 1}')
    assert Config.read(tmp_path / "config")["colours"] == ["red"]


def test_written_text_is_sorted(tmp_path):
    Config({"a": 1}).write(tmp_path / "config")
    assert (tmp_path / "config").read_text().startswith('{"a": 1, "colours"')


def test_copy(config):
    other = copy.deepcopy(config)
    other.values["size"] = 9
    assert config["size"] == 3


def test_pickle(config):
    assert pickle.loads(pickle.dumps(config)).values == config.values

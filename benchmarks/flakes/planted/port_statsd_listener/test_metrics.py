import contextlib

import pytest
from app.metrics import Emitter, Listener, counter, gauge


class TestListener:
    def test_counter_arrives(self):
        with contextlib.closing(Listener()) as listener:
            Emitter().emit(counter("hits"))
            assert listener.receive() == "hits:1|c"

    def test_gauge_arrives(self):
        with contextlib.closing(Listener()) as listener:
            Emitter().emit(gauge("load", 3))
            assert listener.receive() == "load:3|g"

    def test_two_lines_at_any_port(self):
        with contextlib.closing(Listener(0)) as listener:
            for line in ("a", "b"):
                Emitter(listener.port, 0).emit(line)
            assert {listener.receive(), listener.receive()} == {"a", "b"}


class TestLines:
    @pytest.mark.parametrize("step", [1, 5])
    def test_counter(self, step):
        assert counter("x", step) == f"x:{step}|c"

    def test_gauge(self):
        assert gauge("x", 0.5) == "x:0.5|g"

    def test_nobody_listens(self):
        with contextlib.closing(Listener(0)) as listener:
            port = listener.port
        Emitter(port, 0).emit("lost")

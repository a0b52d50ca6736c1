from app import mail


def test_template_is_found_beside_the_project():
    assert mail.render("mail.txt", name="Ann") == "Dear Ann,"


def test_render_uses_the_directory_of_the_process(tmp_path, monkeypatch):
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "x.txt").write_text("{a}-{b}")
    monkeypatch.chdir(tmp_path)
    assert mail.render("x.txt", a=1, b=2) == "1-2"

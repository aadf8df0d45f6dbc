"""A folder is read back only if it is what was saved."""

from __future__ import annotations

import pytest

from healthops import registry


def test_a_document_comes_back(ws, given):
    document = {"weights": {"xgboost": 0.75, "lstm": 0.25}, "note": "niño"}
    registry.save_json(ws, "fusion", document, given)
    assert registry.load_json(ws, "fusion") == document


@pytest.mark.parametrize("change", ["flip", "add", "remove"])
def test_a_changed_folder_is_refused_by_the_name_of_its_file(ws, given, change):
    registry.save_json(ws, "fusion", [1, 2], given)
    file = ws.model("fusion") / "model.json"
    if change == "flip":
        file.write_bytes(file.read_bytes().replace(b"1", b"3"))
    elif change == "add":
        (file.parent / "model.pkl").write_bytes(b"")
    else:
        file.unlink()
    with pytest.raises(registry.TamperedError, match=r"model\.(json|pkl)"):
        registry.load_json(ws, "fusion")


def test_a_loader_refuses_the_format_of_another(ws, given):
    registry.save_json(ws, "fusion", [1], given)
    with pytest.raises(registry.RegistryError, match="use its own loader"):
        registry.load_xgboost(ws, "fusion")


@pytest.mark.parametrize("models", [{}, {"../escape": 1}, {"model": 1}, {3: 1}])
def test_names_of_several_models_must_be_file_names(ws, given, models):
    with pytest.raises(registry.RegistryError, match="model"):
        registry.save_torch(ws, "lstm", models, {}, given)

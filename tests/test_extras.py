import json.decoder

import pytest

from kzoo.errors import MissingExtraError
from kzoo.extras import require


def test_a_package_and_a_module_of_one_are_imported():
    assert require("json", "text", "JSON") is json
    assert require("json.decoder", "text", "JSON") is json.decoder


@pytest.mark.parametrize("module", ["no_such_package", "no_such_package.part"])
def test_a_missing_package_is_one_line_with_the_extra_that_brings_it(module):
    with pytest.raises(MissingExtraError) as caught:
        require(module, "speech", "resampling")
    assert str(caught.value) == "resampling needs no_such_package: pip install 'kzoo[speech]'"


def test_what_an_installed_package_lacks_keeps_its_own_name(monkeypatch, tmp_path):
    (tmp_path / "half_a_package.py").write_text("import no_such_module")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        require("half_a_package", "speech", "half of it")

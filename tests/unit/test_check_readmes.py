"""scripts/check-readmes: passes on this tree, and can fail."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

TABLE = "| files | hold |\n| --- | --- |\n"

# A small folder whose README.md is right; each case below changes one file of it.
GOOD_FOLDER = {
    "README.md": f"# config\n\n{TABLE}| `value`, `limit.h` | values; limits |\n| `example.yaml` | an example |\n",
    "value.c": "",
    "value.h": "",
    "limit.h": "",
    "example.yaml": "",
}


def check(root, **files):
    folder = root / "config"
    folder.mkdir()
    for name, text in {**GOOD_FOLDER, **files}.items():
        (folder / name).write_text(text)
    return run(root)


def run(root):
    return subprocess.run([ROOT / "scripts/check-readmes", root], capture_output=True, text=True, check=False)


def test_this_tree_has_no_finding():
    result = run(ROOT)
    assert result.returncode == 0, result.stdout + result.stderr


def test_a_good_folder_passes(tmp_path):
    result = check(tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr


def test_an_empty_tree_is_not_a_success(tmp_path):
    assert run(tmp_path).returncode == 2


@pytest.mark.parametrize(
    "files, finding",
    [
        ({"merge.c": ""}, "config/README.md:1: does not name merge.c"),
        ({"limit.c": ""}, "does not name limit.c"),
        ({"README.md": GOOD_FOLDER["README.md"] + "| `value.h` | again |\n"}, "README.md:7: names value.h again, after line 5"),
        ({"README.md": GOOD_FOLDER["README.md"] + "| `yaml` | gone |\n"}, "README.md:7: `yaml` is not there"),
        ({"README.md": "# config\n\n`*` and `valu` name nothing, but `limit.h`, `value.h`.\n"}, "does not name value.c"),
    ],
)
def test_a_wrong_readme_is_found(tmp_path, files, finding):
    result = check(tmp_path, **files)
    assert result.returncode == 1, result.stdout + result.stderr
    assert finding in result.stdout
    assert "1 findings" in result.stdout


@pytest.mark.parametrize(
    "text",
    [
        "`value`, `limit`",
        "`value.c`, `value.h`; then `value` again, in no table; `*.h`",
        "`value`, `limit`\n\n| of | bound |\n| --- | --- |\n| `clients` | what is no table of files |\n",
    ],
)
def test_prose_and_other_tables_name_what_they_like(tmp_path, text):
    result = check(tmp_path, **{"README.md": text})
    assert result.returncode == 0, result.stdout + result.stderr

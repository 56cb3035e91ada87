"""scripts/check-layers: passes on this tree, and can fail."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# A small tree without a wrong arrow; each case below adds one file to it.
GOOD_TREE = {
    "common/buf.h": "#pragma once\n#include <stddef.h>\n",
    "common/buf.c": '#include "common/buf.h"\n#include <string.h>\n',
    "common/digest.c": "#include <openssl/evp.h>\n",
    "common/endpoint.c": "#include <arpa/inet.h>\n",
    "config/yaml.c": '#include "common/buf.h"\n#include <yaml.h>\n',
    "config/settings.h": "#pragma once\n",
    "sentinel/core/core.h": '#pragma once\n#include "config/settings.h"\n',
    "sentinel/command/command.h": '#pragma once\n#include "sentinel/core/core.h"\n',
    "sentinel/engine/engine.h": '#pragma once\n#include "sentinel/command/command.h"\n',
    "sentinel/shell/shell.h": "#pragma once\n",
    "sentinel/shell/shell.c": '#include "sentinel/engine/engine.h"\n#include <ev.h>\n#include <sys/socket.h>\n',
    "sentinel/main.c": '#include "sentinel/shell/shell.h"\n#include <unistd.h>\n',
    "tests/lib/test.h": "#pragma once\n",
    "tests/unit/test_core_core.c": '#include "sentinel/core/core.h"\n#include "tests/lib/test.h"\n',
}


def check(root):
    return subprocess.run([ROOT / "scripts/check-layers", root], capture_output=True, text=True, check=False)


def plant(root, tree):
    for path, text in tree.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def test_this_tree_has_no_wrong_arrow():
    result = check(ROOT)
    assert result.returncode == 0, result.stdout + result.stderr


def test_a_good_tree_passes(tmp_path):
    plant(tmp_path, GOOD_TREE)
    result = check(tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr


def test_an_empty_tree_is_not_a_success(tmp_path):
    assert check(tmp_path).returncode == 2


@pytest.mark.parametrize(
    "path, text, finding",
    [
        ("common/a.c", '#include "config/settings.h"', "common/a.c:1: \"config/settings.h\" points right"),
        ("config/a.c", '#include "sentinel/core/core.h"', "points right, from config to sentinel/core"),
        ("sentinel/core/a.h", '#include "sentinel/command/command.h"', "points right"),
        ("sentinel/command/a.c", '#include "sentinel/engine/engine.h"', "points right"),
        ("sentinel/engine/a.c", '\n#include "sentinel/shell/shell.h"', "sentinel/engine/a.c:2: "),
        ("sentinel/core/a.c", '  #  include   "sentinel/shell/shell.h"', "points right"),
        ("sentinel/core/a.c", '#include "core.h"', "not a path from the root"),
        ("sentinel/core/a.c", '#include "../shell/shell.h"', "not a path from the root"),
        ("sentinel/core/a.c", "#include HEADER", "cannot be followed"),
        ("sentinel/core/a.c", '#include "tests/lib/test.h"', "outside the layers"),
        ("sentinel/a.c", "", "belongs to no layer"),
        ("config/load.c", "#include <yaml.h>", "<yaml.h> belongs to config/yaml.c alone"),
        ("sentinel/shell/a.c", "#include <yaml.h>", "<yaml.h> belongs to config/yaml.c alone"),
        ("sentinel/engine/a.c", "#include <ev.h>", "<ev.h> belongs to the shell"),
        ("sentinel/core/a.c", "#include <hiredis/hiredis.h>", "belongs to the shell"),
        ("sentinel/engine/a.c", "#include <sqlite3.h>", "belongs to the shell"),
        ("common/digest.c", "#include <openssl/ssl.h>", "belongs to the shell"),
        ("common/buf.c", "#include <openssl/evp.h>", "belongs to the shell"),
        ("sentinel/core/a.c", "#include <ares.h>", "belongs to the shell"),
        ("sentinel/command/a.c", "#include <sys/socket.h>", "belongs to the shell"),
        ("sentinel/command/a.c", "#include <sys/wait.h>", "belongs to the shell"),
        ("common/a.c", "#include <netinet/in.h>", "belongs to the shell"),
        ("common/a.c", "#include <arpa/inet.h>", "belongs to the shell"),
        ("common/a.c", "#include <netdb.h>", "belongs to the shell"),
        ("common/a.c", "#include <unistd.h>", "belongs to the shell"),
        ("config/load.c", "#include <fcntl.h>", "belongs to the shell"),
        ("tests/unit/test_common_a.c", '#include "sentinel/core/core.h"', "right of what this test may see"),
        ("tests/sim/sim.c", '#include "sentinel/shell/shell.h"', "right of what this test may see"),
    ],
)
def test_a_wrong_arrow_is_found(tmp_path, path, text, finding):
    plant(tmp_path, {**GOOD_TREE, path: text + "\n"})
    result = check(tmp_path)
    assert result.returncode == 1, result.stdout + result.stderr
    assert finding in result.stdout
    assert "1 wrong arrows" in result.stdout


@pytest.mark.parametrize(
    "text",
    [
        '/* #include "sentinel/shell/shell.h" */',
        '/*\n#include "sentinel/shell/shell.h"\n*/',
        '// #include "sentinel/shell/shell.h"',
    ],
)
def test_an_include_in_a_comment_is_no_arrow(tmp_path, text):
    plant(tmp_path, {**GOOD_TREE, "common/a.c": text + "\n"})
    assert check(tmp_path).returncode == 0

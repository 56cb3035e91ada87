"""Each kind of bad YAML is refused with its place, all findings at once."""

import re
import subprocess

import pytest

from harness.sentinel import program

pytestmark = pytest.mark.vedette

GOOD = """\
listen: ['127.0.0.1:26379', '[::1]:26379']
announce: 127.0.0.1:26379
state_dir: /nonexistent/never/made
log: {level: notice, format: text}
groups:
  mymaster:
    master: 127.0.0.1:6379
    quorum: 2
    down_after: 5s
    failover_timeout: 60s
    parallel_syncs: 1
    auth: {user: sentinel, password: geheim}
    reboot_down_after: 0s
    rename_commands: {CONFIG: XCONFIG}
"""


def line_of(text):
    return next(n for n, line in enumerate(GOOD.splitlines(), 1) if line.lstrip().startswith(text))


# What is wrong: (the start of the line of GOOD, what stands there instead, what the finding names,
# the line of the finding counted from there: 0 if not said, None if any will do).
REPLACED = {
    'unknown key': ('announce:', 'anounce: 127.0.0.1:26379', 'anounce'),
    'unknown key of a group': ('quorum', '    quorom: 2', 'quorom'),
    'unknown key of log': ('log', 'log: {levle: notice}', 'levle'),
    'unknown key of auth': ('auth', '    auth: {password: x, pass: y}', 'pass'),
    'unknown key of peers': ('announce:', 'peers: {polcy: permissive}', 'polcy'),
    'unknown key of scripts': ('reboot', '    scripts: {notify: /bin/true}', 'notify'),
    'duplicate key': ('announce:', 'listen: [127.0.0.1:26380]', 'listen'),
    'duplicate key of a group': ('quorum', '    quorum: 2\n    quorum: 3', 'quorum', 1),
    'master without port': ('master:', '    master: 127.0.0.1', 'master'),
    'master with port 0': ('master:', '    master: 127.0.0.1:0', 'master'),
    'master with a big port': ('master:', '    master: 127.0.0.1:65536', 'master'),
    'master with a bad port': ('master:', '    master: 127.0.0.1:redis', 'master'),
    'master as a mapping': ('master:', '    master: {host: 127.0.0.1}', 'master'),
    'master that is empty': ('master:', "    master: ''", 'master'),
    'quorum 0': ('quorum', '    quorum: 0', 'quorum'),
    'quorum below 0': ('quorum', '    quorum: -1', 'quorum'),
    'quorum in words': ('quorum', '    quorum: two', 'quorum'),
    'quorum with a fraction': ('quorum', '    quorum: 1.5', 'quorum'),
    'quorum beyond any integer': ('quorum', '    quorum: 99999999999999999999', 'quorum'),
    'quorum as a list': ('quorum', '    quorum: [2]', 'quorum'),
    'quorum without value': ('quorum', '    quorum:', 'quorum'),
    'duration without unit': ('down_after', '    down_after: 5', 'down_after'),
    'duration of an unknown unit': ('down_after', '    down_after: 5y', 'down_after'),
    'duration in words': ('down_after', '    down_after: soon', 'down_after'),
    'duration of nothing': ('down_after', '    down_after: 0s', 'down_after'),
    'duration below 0': ('failover_timeout', '    failover_timeout: -5s', 'failover_timeout'),
    'duration beyond reason': ('failover_timeout', '    failover_timeout: 9999999999999999m',
                               'failover_timeout'),
    'reboot period below 0': ('reboot', '    reboot_down_after: -1s', 'reboot_down_after'),
    'parallel_syncs 0': ('parallel', '    parallel_syncs: 0', 'parallel_syncs'),
    'log level': ('log', 'log: {level: loud}', 'level'),
    'log format': ('log', 'log: {format: xml}', 'format'),
    'log as a word': ('log', 'log: notice', 'log'),
    'listen as nothing': ('listen', 'listen: []', 'listen'),
    'listen without port': ('listen', 'listen: [127.0.0.1]', 'listen'),
    'listen with a bad address': ('listen', "listen: ['127.0.0.1.5:26379']", 'listen'),
    'listen with brackets left open': ('listen', "listen: ['[::1:26379']", 'listen'),
    'announce without port': ('announce:', 'announce: 127.0.0.1', 'announce'),
    'state_dir as a list': ('state_dir', 'state_dir: [a]', 'state_dir'),
    'state_dir empty': ('state_dir', "state_dir: ''", 'state_dir'),
    'two passwords': ('auth', '    auth: {password: x, password_file: /dev/null}', 'password'),
    'password file missing': ('auth', '    auth: {password_file: /nonexistent/pw}',
                              '/nonexistent/pw'),
    'auth as a word': ('auth', '    auth: geheim', 'auth'),
    'rename to nothing': ('rename', "    rename_commands: {CONFIG: ''}", 'CONFIG'),
    'rename as a list': ('rename', '    rename_commands: [CONFIG]', 'rename_commands'),
    'groups as a list': ('groups', 'groups: [mymaster]\nother:', 'groups'),
    'group without content': ('groups', 'groups:\n  empty:', 'empty', 1),
    'group without master': ('groups', 'groups:\n  lost:\n    quorum: 2', 'master', None),
    'group name with a comma': ('mymaster', "  'my,master':", 'my,master'),
    'group name with a space': ('mymaster', "  'my master':", 'my master'),
    'duplicate group': ('groups', 'groups:\n  mymaster:\n    master: 127.0.0.1:1', 'mymaster',
                        None),
    'two groups with one master': ('groups', 'groups:\n  twin:\n    master: 127.0.0.1:6379', 'twin',
                                   None),
    'an alias': ('announce:', 'announce: &here 127.0.0.1:26379', ''),
    'a tag': ('quorum', '    quorum: !!int 2', ''),
    'a tab': ('quorum', '\tquorum: 2', '', None),
    'an open bracket': ('log', 'log: {level: notice', '', None),
}
# Whole texts: (text, line of the finding or None, what it names).
WHOLE = {
    'nothing': ('', None, ''),
    'a list': ('- a\n', 1, ''),
    'a word': ('hello\n', 1, ''),
    'a second document': (GOOD + '---\na: 1\n', None, ''),
    'too deep': (GOOD + 'deep: ' + '[' * 50 + ']' * 50 + '\n', GOOD.count('\n') + 1, ''),
    'no groups': ('\n'.join(GOOD.splitlines()[:4]) + '\n', None, 'groups'),
    'a control character': (GOOD.replace('geheim', 'ge\x01heim'), None, ''),
}


def run(*args):
    return subprocess.run([program(), *map(str, args)], capture_output=True, text=True,
                          timeout=120, check=False)


def findings(file, text, *options):
    """Exit code and findings as (line, text) of a file with that text."""
    file.write_text(text, 'utf-8')
    done = run(*options, file)
    assert 'Sanitizer' not in done.stderr and 'runtime error' not in done.stderr, done.stderr
    found = re.findall(rf'^{re.escape(str(file))}:(\d+):(\d+): (.+)$', done.stderr, re.M)
    return done.returncode, [(int(line), finding) for line, _, finding in found]


@pytest.fixture
def file(tmp_path):
    return tmp_path / 'vedette.yaml'


def test_a_good_file_is_valid_and_nothing_is_started(file):
    code, found = findings(file, GOOD, '--check')
    assert (code, found) == (0, [])


@pytest.mark.parametrize('case', REPLACED)
def test_refused(file, case):
    start, instead, names, *at = REPLACED[case]
    text = GOOD.splitlines()
    text[line_of(start) - 1] = instead
    line = None if at == [None] else line_of(start) + sum(at)
    code, found = findings(file, '\n'.join(text) + '\n', '--check')
    assert code == 1
    assert any(line in (None, place) and names in finding for place, finding in found), found


@pytest.mark.parametrize('case', WHOLE)
def test_refused_as_a_whole(file, case):
    text, line, names = WHOLE[case]
    code, found = findings(file, text, '--check')
    assert code == 1
    assert any(line in (None, place) and names in finding for place, finding in found), found


def test_all_findings_are_told_at_once(file):
    text = GOOD
    for start, instead in (('announce', 'anounce: x'), ('log', 'log: {level: loud}'),
                           ('quorum', '    quorum: 0'), ('down_after', '    down_after: soon'),
                           ('parallel', '    parallel_sinks: 1')):
        line = text.splitlines()[line_of(start) - 1]
        text = text.replace(line + '\n', instead + '\n')
    for options in (('--check',), ()):
        code, found = findings(file, text, *options)
        assert code == 1
        assert [line for line, _ in found] == [2, 4, 8, 9, 11]


def test_a_file_that_is_not_there_is_refused(tmp_path):
    done = run('--check', tmp_path / 'nosuch.yaml')
    assert done.returncode == 1
    assert 'nosuch.yaml' in done.stderr


def test_a_password_never_appears_in_a_finding(file):
    code, found = findings(file, GOOD.replace('quorum: 2', 'quorum: x'), '--check')
    assert code == 1 and 'geheim' not in str(found)
    code, found = findings(file, GOOD.replace('password: geheim', 'password: [geheim]'), '--check')
    assert code == 1 and 'geheim' not in str(found)


@pytest.mark.parametrize('args', [[], ['--nosuch'], ['a.yaml', 'b.yaml'], ['--check']])
def test_bad_usage_exits_with_2(args):
    assert run(*args).returncode == 2


@pytest.mark.parametrize('option', ['--help', '--version'])
def test_help_and_version(option):
    done = run(option)
    assert done.returncode == 0 and 'vedette' in done.stdout.lower()

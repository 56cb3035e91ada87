"""A monitored group as a test configures it, and the two forms in which a sentinel reads it."""

import dataclasses
import json


@dataclasses.dataclass
class Group:
    """Periods in ms. `extra` adds or replaces YAML keys, `lines` adds sentinel.conf options."""
    name: str
    host: str
    port: int
    quorum: int = 2
    down_after: int = 500
    failover_timeout: int = 5000
    parallel_syncs: int = 1
    extra: dict = dataclasses.field(default_factory=dict)
    lines: tuple = ()

    def as_yaml(self):
        return {'master': endpoint(self.host, self.port), 'quorum': self.quorum,
                'down_after': f'{self.down_after}ms',
                'failover_timeout': f'{self.failover_timeout}ms',
                'parallel_syncs': self.parallel_syncs, **self.extra}

    def as_classic(self):
        options = [f'down-after-milliseconds {self.name} {self.down_after}',
                   f'failover-timeout {self.name} {self.failover_timeout}',
                   f'parallel-syncs {self.name} {self.parallel_syncs}', *self.lines]
        return [f'sentinel monitor {self.name} {self.host} {self.port} {self.quorum}',
                *(f'sentinel {option}' for option in options)]


def endpoint(host, port):
    return f'[{host}]:{port}' if ':' in host else f'{host}:{port}'


def yaml_text(tree, indent=''):
    """Nested dicts as block YAML, everything else as (JSON) flow values."""
    text = ''
    for key, value in tree.items():
        if isinstance(value, dict) and value:
            text += f'{indent}{key}:\n{yaml_text(value, indent + "  ")}'
        else:
            text += f'{indent}{key}: {json.dumps(value)}\n'
    return text

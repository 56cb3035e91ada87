"""Follows a master with redis-py."""

import redis
import redis.sentinel

from serving import listen_at, serve, settings, tell

asked = settings()
tls = asked['tls'] and {'ssl': True, 'ssl_ca_certs': asked['tls']['ca'],
                        'ssl_certfile': asked['tls']['cert'], 'ssl_keyfile': asked['tls']['key']}
login = {'username': asked['user'], 'password': asked['password'], 'socket_timeout': 1,
         **(tls or {})}
sentinel = redis.sentinel.Sentinel(asked['sentinels'], sentinel_kwargs=login, socket_timeout=1,
                                   **(tls or {}))
writer = sentinel.master_for(asked['name'])


def text(address):
    return '{}:{}'.format(*address)


def follow(address, connected):
    host, port = address
    with redis.Redis(host, port, **login).pubsub(ignore_subscribe_messages=True) as events:
        events.subscribe('+switch-master')
        while True:
            message = events.get_message(timeout=1)
            connected()
            if message:
                tell(heard=message['data'].decode())


serve(master=lambda: text(sentinel.discover_master(asked['name'])),
      replicas=lambda: sorted(map(text, sentinel.discover_slaves(asked['name']))),
      incr=writer.incr,
      listen=lambda: listen_at(asked['sentinels'], follow))

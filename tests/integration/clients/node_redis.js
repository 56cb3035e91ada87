// Follows a master with node-redis.
'use strict';

const fs = require('fs');
const { createClient, createSentinel } = require('redis');
const { settings, tell, note, serve, listen } = require('./serving');

const login = { username: settings.user ?? undefined, password: settings.password ?? undefined };
const tls = settings.tls && {
    tls: true,
    ca: fs.readFileSync(settings.tls.ca),
    cert: fs.readFileSync(settings.tls.cert),
    key: fs.readFileSync(settings.tls.key),
};
const socket = tls ? { socket: tls } : {};
const sentinel = createSentinel({
    name: settings.name,
    RESP: settings.resp,
    sentinelRootNodes: settings.sentinels.map(([host, port]) => ({ host, port })),
    sentinelClientOptions: { ...login, ...socket },
    nodeClientOptions: socket,
    replicaPoolSize: 1,
});
sentinel.on('error', note);
const connected = sentinel.connect();

// The library prints what it stumbles over; our output is for answers.
console.log = note;

const text = ({ host, port }) => `${host}:${port}`;

async function follow(address, lost) {
    const client = createClient({
        ...login,
        RESP: settings.resp,
        socket: { ...address, ...tls, reconnectStrategy: false },
    });
    client.on('error', (error) => {
        note(error);
        lost();
    });
    await client.connect();
    await client.subscribe('+switch-master', (message) => tell({ heard: message }));
}

serve({
    master: async () => {
        await connected;
        return text(sentinel.getMasterNode());
    },
    replicas: async () => {
        await connected;
        return [...sentinel.getReplicaNodes().keys()].map(text).sort();
    },
    incr: (key) => sentinel.incr(key),
    listen: () => listen(follow),
});

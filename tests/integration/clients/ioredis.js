// Follows a master with ioredis, of which version 6 knows RESP3.
'use strict';

const fs = require('fs');
const { settings, tell, note, serve, listen } = require('./serving');

const Redis = require(settings.resp === 3 ? 'ioredis-6' : 'ioredis');

const tls = settings.tls && {
    ca: fs.readFileSync(settings.tls.ca),
    cert: fs.readFileSync(settings.tls.cert),
    key: fs.readFileSync(settings.tls.key),
};
const options = {
    ...(tls ? { tls, sentinelTLS: tls, enableTLSForSentinelMode: true } : {}),
    sentinels: settings.sentinels.map(([host, port]) => ({ host, port })),
    name: settings.name,
    sentinelUsername: settings.user,
    sentinelPassword: settings.password,
    sentinelRetryStrategy: () => 50,
    retryStrategy: () => 50,
};
// The library gives up for good when its detector hears of a switch while it connects, as it does all
// the time while the master is gone: of any sentinel, so the detector is for tests without a crash.
const writer = new Redis({ ...options, failoverDetector: settings.detector });
writer.on('error', note);

// The library asks for the replicas when it connects to one, and lets us choose.
function replicas() {
    return new Promise((resolve, reject) => {
        const reader = new Redis({
            ...options,
            role: 'slave',
            preferredSlaves: (known) => {
                reader.known = known.map(({ ip, port }) => `${ip}:${port}`).sort();
                return known[0];
            },
        });
        reader.on('error', reject);
        reader.on('ready', () => {
            resolve(reader.known);
            reader.disconnect();
        });
    });
}

async function follow(sentinel, lost) {
    const subscriber = new Redis({
        ...sentinel,
        ...(tls ? { tls } : {}),
        username: settings.user,
        password: settings.password,
        enableReadyCheck: false,
        retryStrategy: () => null,
    });
    subscriber.on('error', note);
    subscriber.on('end', lost);
    subscriber.on('message', (channel, message) => tell({ heard: message }));
    await subscriber.subscribe('+switch-master');
}

serve({
    master: async () => {
        await writer.ping();
        return `${writer.stream.remoteAddress}:${writer.stream.remotePort}`;
    },
    replicas,
    incr: (key) => writer.incr(key),
    listen: () => listen(follow),
});

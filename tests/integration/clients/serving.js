// The line protocol of the client programs, for those in JavaScript (README.md describes it).
'use strict';

const readline = require('readline');

const settings = JSON.parse(process.argv[2]);

const tell = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);

// What a library reports on the way is told, and does not end the program.
const note = (error) => tell({ noted: String(error) });

// Does what each line asks for, until there are no more.
function serve(deeds) {
    const lines = readline.createInterface({ input: process.stdin });
    lines.on('line', async (line) => {
        const [deed, ...args] = line.split(' ');
        try {
            tell({ answer: (await deeds[deed](...args)) ?? null });
        } catch (error) {
            tell({ error: String(error) });
        }
    });
    lines.on('close', () => process.exit(0));
}

// Follows the events of one sentinel, of the next when that one is lost, and so on; resolves once
// connected. follow(sentinel, lost): subscribes; calls lost() when the connection is gone.
async function listen(follow, i = 0) {
    const sentinel = settings.sentinels[i % settings.sentinels.length];
    let left = false;
    const next = () => {
        if (!left) {
            left = true;
            setTimeout(() => listen(follow, i + 1), 20);
        }
    };
    try {
        await follow({ host: sentinel[0], port: sentinel[1] }, next);
    } catch (error) {
        note(error);
        next();
    }
}

module.exports = { settings, tell, note, serve, listen };

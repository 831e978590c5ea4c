// `npm start`: sets up what is missing, then starts the engine on the folder .binnacle of this clone with the shop.
// Further arguments go to `binnacle up`: npm start -- --port 0

import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { node, setup } from './setup.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
setup()

const defaults = ['--data', join(root, '.binnacle'), '--sample', join(root, 'examples', 'shop')]
const child = spawn(node, [join(root, 'dist', 'binnacle.mjs'), 'up', ...defaults, ...process.argv.slice(2)], {
  stdio: 'inherit',
})

// Ctrl-C reaches the whole foreground group; a signal sent to this process alone is passed on.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
child.on('exit', (code, signal) => process.exit(signal === null ? (code ?? 1) : 1))

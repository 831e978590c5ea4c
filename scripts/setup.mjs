// Makes a fresh clone ready: installs what package-lock.json names and makes what is generated. Runs on any Node from 18
// (npm's own), so nothing here may need the pinned one. Does nothing when all of it is there already.

import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

/** The Node that the project pins (devDependency `node`). */
export const node = join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'node.cmd' : 'node')

function isInstalled() {
  const installed = join(root, 'node_modules', '.package-lock.json')
  return (
    existsSync(installed) &&
    existsSync(node) &&
    statSync(installed).mtimeMs >= statSync(join(root, 'package-lock.json')).mtimeMs
  )
}

export function setup() {
  if (!isInstalled()) {
    console.error('binnacle: installing dependencies (once)')
    // Not `npm ci`: it wants the optional packages of all other platforms in the lock file, which not every registry has.
    execFileSync('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: root,
      stdio: ['ignore', 2, 2],
    })
  }
  for (const [output, script] of [
    ['packages/api/generated-docs/descriptions.json', 'scripts/descriptions.ts'],
    ['dist/binnacle.mjs', 'scripts/bundle.ts'],
    ['dist/canvas/index.html', 'scripts/bundle-canvas.ts'],
  ]) {
    if (isStale(output)) execFileSync(node, [join(root, script)], { cwd: root, stdio: ['ignore', 2, 2] })
  }
}

/** The bundle is made again after each change of what it is made of; see scripts/bundle.ts, which writes the list. */
function isStale(output) {
  const made = join(root, output)
  if (!existsSync(made)) return true
  const inputs = `${made}.inputs`
  if (!existsSync(inputs)) return false
  const at = statSync(made).mtimeMs
  return readFileSync(inputs, 'utf8')
    .split('\n')
    .some((file) => file !== '' && (!existsSync(join(root, file)) || statSync(join(root, file)).mtimeMs > at))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) setup()

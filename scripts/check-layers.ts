// Holds the layer rule of ARCHITECTURE.md: a package imports only the packages below it, tests may also import those
// that TEST_ONLY names. Prints each violation and exits 1.

import { globSync, readFileSync } from 'node:fs'

const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  api: [],
  model: ['api'],
  store: ['api'],
  client: ['api'],
  apiserver: ['store', 'api'],
  controllers: ['client', 'api'],
  node: ['client', 'api'],
  network: ['client', 'api'],
  images: [],
  platform: ['client', 'model', 'api'],
  'canvas-core': ['model', 'api'],
  canvas: ['client', 'canvas-core', 'model', 'api'],
  cli: [
    'apiserver',
    'controllers',
    'node',
    'network',
    'platform',
    'canvas',
    'images',
    'canvas-core',
    'store',
    'client',
    'model',
    'api',
  ],
  testing: ['store', 'api'],
}

/** A test may start the real server under a controller, and everything may use the contract suites. */
const TEST_ONLY: readonly string[] = ['testing', 'apiserver', 'store', 'client', 'api']

const violations: string[] = []
for (const file of globSync('packages/*/{src,test}/**/*.{ts,tsx}')) {
  const [, from = '', folder] = file.split('/')
  const isTest = folder === 'test' || file.endsWith('.test.ts')
  const allowed = [from, ...(MAY_IMPORT[from] ?? []), ...(isTest ? TEST_ONLY : [])]
  for (const [, target = ''] of readFileSync(file, 'utf8').matchAll(/['"]@binnacle\/([\w-]+)/g)) {
    if (!allowed.includes(target)) violations.push(`${file}: ${from} must not import ${target}`)
  }
}
for (const violation of violations) console.error(violation)
if (violations.length > 0) process.exitCode = 1

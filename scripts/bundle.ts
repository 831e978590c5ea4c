// One file for the command line and one for the data plane's thread, so that start-up reads two files instead of
// hundreds. Beside the bundle lies the list of its inputs, by which setup.mjs knows that it is stale.

import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { build } from 'esbuild'

const outdir = 'dist'

const result = await build({
  entryPoints: { binnacle: 'packages/cli/src/main.ts', 'proxy-worker': 'packages/network/src/proxy-worker.ts' },
  outdir,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  splitting: true,
  // Beside the entries: code finds its neighbours (the worker) by its own URL.
  chunkNames: '[name]-[hash]',
  format: 'esm',
  platform: 'node',
  target: 'node24',
  minifySyntax: true,
  // Its Node build is CommonJS, of which a lazily imported chunk has no named exports; this is the same as a module.
  alias: { yaml: resolve('node_modules/yaml/browser/index.js') },
  // Native code stays where npm put it.
  external: ['lmdb'],
  // Some dependencies are CommonJS and ask for Node's own modules by require.
  banner: {
    js: "import { createRequire as createRequire$ } from 'node:module'; const require = createRequire$(import.meta.url);",
  },
  metafile: true,
  logLevel: 'warning',
})

writeFileSync(`${outdir}/binnacle.mjs.inputs`, `${Object.keys(result.metafile.inputs).join('\n')}\n`)

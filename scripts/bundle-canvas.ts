// The Canvas's page: hashed names for code, styles and workers under dist/canvas/assets, each with its compressed forms,
// and the page that names them. Fails where the page needs more code to begin with than its budget.
//
// A worker is imported by its address: `import { url } from './layout.worker.ts?worker'`. What only a lazily loaded part
// needs of styles has to be imported by main.tsx all the same: nobody would load it.

import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, relative } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import { type BuildOptions, type Metafile, type OutputFile, type Plugin, build } from 'esbuild'

const outdir = 'dist/canvas'
const source = 'packages/canvas/src/web'
/** Of the code that the first paint waits for, compressed with gzip. */
const budgetBytes = 240_000
/** What is loaded lazily and is the first screen all the same, where no application is open. */
const startPage = `${source}/shell/start-page.tsx`
const entryTag = '<script type="module" src="./main.tsx"></script>'

const common: BuildOptions = {
  bundle: true,
  minify: true,
  platform: 'browser',
  target: ['chrome120', 'firefox121', 'safari17'],
  define: { 'process.env.NODE_ENV': '"production"' },
  legalComments: 'external',
  write: false,
  metafile: true,
  logLevel: 'warning',
}

const workerFiles: OutputFile[] = []
const workerInputs: string[] = []

const workers: Plugin = {
  name: 'workers',
  setup(plugin) {
    plugin.onResolve({ filter: /\?worker$/ }, async ({ path, importer, resolveDir, kind }) => {
      const { path: file, errors } = await plugin.resolve(path.replace(/\?worker$/, ''), { importer, resolveDir, kind })
      return { path: file, namespace: 'worker', errors }
    })
    plugin.onLoad({ filter: /.*/, namespace: 'worker' }, async ({ path }) => {
      const { outputFiles = [], metafile } = await build({
        ...common,
        entryPoints: [path],
        outdir: `${outdir}/assets`,
        entryNames: '[name]-[hash]',
        format: 'iife',
      })
      workerFiles.push(...outputFiles)
      workerInputs.push(...Object.keys(metafile?.inputs ?? {}))
      const name = basename(outputFiles.find((file) => file.path.endsWith('.js'))?.path ?? '')
      return { contents: `export const url = new URL(${JSON.stringify(`./${name}`)}, import.meta.url).href` }
    })
  },
}

const { outputFiles = [], metafile } = await build({
  ...common,
  entryPoints: [`${source}/main.tsx`],
  outdir: `${outdir}/assets`,
  entryNames: '[name]-[hash]',
  chunkNames: '[name]-[hash]',
  assetNames: '[name]-[hash]',
  format: 'esm',
  splitting: true,
  jsx: 'automatic',
  loader: { '.woff2': 'file', '.svg': 'file', '.png': 'file', '.md': 'text' },
  plugins: [workers],
})

const outputs: Metafile['outputs'] = metafile?.outputs ?? {}
const entry = Object.keys(outputs).find((name) => outputs[name]?.entryPoint === `${source}/main.tsx`) ?? ''
refuseLazyStyles()

const initial = initialCode(entry)
const files = [...outputFiles, ...workerFiles].map(({ path, contents }) => ({
  path: relative(process.cwd(), path),
  contents,
}))
const written = new Set<string>()
for (const { path, contents } of files) await write(path, contents)
const page = pageHtml()
await write(`${outdir}/index.html`, Buffer.from(page))
// By then no page names them any more.
for (const file of globSync(`${outdir}/assets/*`)) if (!written.has(file)) rmSync(file)

const inputs = [...Object.keys(metafile?.inputs ?? {}), ...workerInputs]
  .filter((file) => !file.includes('node_modules/') && !file.includes(':'))
  .concat(`${source}/index.html`, 'scripts/bundle-canvas.ts', 'package-lock.json')
writeFileSync(`${outdir}/index.html.inputs`, `${[...new Set(inputs)].join('\n')}\n`)
await reportSize()

function refuseLazyStyles(): void {
  for (const [name, { cssBundle }] of Object.entries(outputs))
    if (cssBundle !== undefined && name !== entry)
      throw new Error(`nobody loads the styles of ${name} (${cssBundle}): import them from main.tsx`)
}

/** The file and all that it imports at once. */
function initialCode(from: string): string[] {
  const found = new Set([from])
  for (const name of found)
    for (const { path, kind } of outputs[name]?.imports ?? [])
      if (kind === 'import-statement' && path in outputs) found.add(path)
  return [...found]
}

function pageHtml(): string {
  const html = readFileSync(`${source}/index.html`, 'utf8')
  if (!html.includes(entryTag)) throw new Error(`${source}/index.html has to contain ${entryTag}`)
  const address = (file: string): string => file.replace(outdir, '')
  const styles = outputs[entry]?.cssBundle
  const links = [
    ...(styles === undefined ? [] : [`<link rel="stylesheet" href="${address(styles)}">`]),
    ...initial.slice(1).map((file) => `<link rel="modulepreload" href="${address(file)}">`),
  ]
  return html
    .replace('</head>', () => `  ${links.join('\n    ')}\n  </head>`)
    .replace(entryTag, () => `<script type="module" src="${address(entry)}"></script>`)
}

async function write(path: string, contents: Uint8Array): Promise<void> {
  mkdirSync(dirname(path), { recursive: true })
  const brotli = await promisify(brotliCompress)(contents, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } })
  const zipped = await promisify(gzip)(contents, { level: 9 })
  for (const [suffix, bytes] of [
    ['', contents],
    ['.br', brotli],
    ['.gz', zipped],
  ] as const) {
    writeFileSync(path + suffix, bytes)
    written.add(path + suffix)
  }
}

async function reportSize(): Promise<void> {
  const start = Object.keys(outputs).find((name) => outputs[name]?.entryPoint === startPage)
  if (start === undefined) throw new Error(`${startPage} is no longer loaded lazily`)
  const workspaceBytes = await gzippedBytes(initial)
  const startBytes = await gzippedBytes([...new Set([...initial, ...initialCode(start)])])
  const kilobytes = (count: number): string => `${(count / 1000).toFixed(1)} KB`
  console.error(
    `canvas: ${kilobytes(workspaceBytes)} of JavaScript (gzip) before the first paint of an application, ` +
      `${kilobytes(startBytes)} of the start page, of ${kilobytes(budgetBytes)}`,
  )
  if (Math.max(workspaceBytes, startBytes) > budgetBytes)
    throw new Error('the page needs too much code to begin with: load parts of it lazily')
}

async function gzippedBytes(names: readonly string[]): Promise<number> {
  const sizes = files
    .filter(({ path }) => names.includes(path))
    .map(async ({ contents }) => (await promisify(gzip)(contents, { level: 9 })).length)
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}

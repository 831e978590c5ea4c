// Node: package.json, or a server.js/index.js alone. Dependencies that the lock file names go into a layer of their own.

import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import type { LayerEntry } from '../archive.ts'
import { type BuildContext, BuildError, type BuildPlan, type Builder } from './project.ts'

const entryCandidates = ['server.js', 'index.js', 'main.js', 'app.js', 'src/server.js', 'src/index.js'].flatMap(
  (name) => [name, name.replace(/\.js$/, '.mjs'), name.replace(/\.js$/, '.ts')],
)

interface PackageJson {
  main?: string
  scripts?: Record<string, string>
  dependencies?: Record<string, string>
}

export const nodeBuilder: Builder = {
  language: 'node',
  recognises: ({ files }) => files.includes('package.json') || entryCandidates.some((name) => files.includes(name)),

  async plan(context): Promise<BuildPlan> {
    const manifest = await readManifest(context)
    const code = context.files.filter((file) => !file.startsWith('node_modules/'))
    const layers = []
    if (Object.keys(manifest.dependencies ?? {}).length > 0) {
      layers.push({ createdBy: 'npm ci --omit=dev', entries: await dependencies(context) })
    }
    layers.push({
      createdBy: 'code',
      entries: code.map((file) => ({ from: join(context.directory, file), to: `app/${file}` })),
    })
    return {
      language: 'node',
      layers,
      config: { WorkingDir: '/app', Env: ['NODE_ENV=production'], Cmd: startCommand(context, manifest) },
    }
  },
}

async function readManifest(context: BuildContext): Promise<PackageJson> {
  if (!context.files.includes('package.json')) return {}
  try {
    return JSON.parse(await context.readText('package.json')) as PackageJson
  } catch (error) {
    throw new BuildError('package.json is not valid JSON', { cause: error })
  }
}

function startCommand({ files }: BuildContext, { scripts, main }: PackageJson): string[] {
  const start = scripts?.['start']
  if (start !== undefined) {
    // A plain `node file` needs no shell, so that the program itself gets SIGTERM.
    return /^node [\w./@ =-]+$/.test(start) ? start.split(/ +/) : ['sh', '-c', start]
  }
  const entry = [main, ...entryCandidates].find((name) => name !== undefined && files.includes(name))
  if (entry === undefined)
    throw new BuildError('package.json names neither scripts.start nor main, and there is no server.js or index.js')
  return ['node', entry]
}

async function dependencies(context: BuildContext): Promise<LayerEntry[]> {
  if (!context.files.includes('package-lock.json')) {
    throw new BuildError(
      'package.json has dependencies but there is no package-lock.json: run `npm install` once and keep the lock file',
    )
  }
  context.step('installing dependencies (npm ci --omit=dev)')
  for (const name of ['package.json', 'package-lock.json'])
    await cp(join(context.directory, name), join(context.scratch, name))
  await context.run('npm', ['ci', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: context.scratch,
  })
  return [{ from: join(context.scratch, 'node_modules'), to: 'app/node_modules' }]
}

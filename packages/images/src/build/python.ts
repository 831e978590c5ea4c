// Python: the source, and what requirements.txt names as a layer of its own on PYTHONPATH.

import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { LayerEntry } from '../archive.ts'
import { type BuildContext, BuildError, type BuildPlan, type Builder } from './project.ts'

const entryCandidates = ['main.py', 'app.py', 'server.py', '__main__.py']

export const pythonBuilder: Builder = {
  language: 'python',
  recognises: ({ files }) =>
    files.includes('requirements.txt') || files.some((file) => file.endsWith('.py') && !file.includes('/')),

  async plan(context): Promise<BuildPlan> {
    const sources = context.files.filter((file) => !file.includes('__pycache__/') && !file.endsWith('.pyc'))
    const entry = entryCandidates.find((name) => sources.includes(name))
    if (entry === undefined) throw new BuildError(`no program to start: name it one of ${entryCandidates.join(', ')}`)
    const layers = []
    if (context.files.includes('requirements.txt')) {
      layers.push({ createdBy: 'pip install -r requirements.txt', entries: await dependencies(context) })
    }
    layers.push({
      createdBy: 'code',
      entries: sources.map((file) => ({ from: join(context.directory, file), to: `app/${file}` })),
    })
    return {
      language: 'python',
      layers,
      config: {
        WorkingDir: '/app',
        Env: ['PYTHONPATH=/app:/deps', 'PYTHONUNBUFFERED=1', 'PYTHONDONTWRITEBYTECODE=1'],
        Cmd: ['python3', entry],
      },
    }
  },
}

async function dependencies(context: BuildContext): Promise<LayerEntry[]> {
  context.step('installing dependencies (pip install -r requirements.txt)')
  const target = join(context.scratch, 'deps')
  // Bytecode holds the times of its sources, and bin/ the path of this machine's interpreter.
  const args = ['-m', 'pip', 'install', '--quiet', '--no-compile', '--disable-pip-version-check', '--target', target]
  await context.run('python3', [...args, '-r', 'requirements.txt'])
  await rm(join(target, 'bin'), { recursive: true, force: true })
  return [{ from: target, to: 'deps' }]
}

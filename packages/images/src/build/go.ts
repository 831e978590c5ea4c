// Go: one static binary, the same for the same source (no build id, no paths). With go.mod as a module, without it as
// the files of the one folder that holds package main.

import { basename, dirname, join, posix } from 'node:path'
import { type BuildContext, BuildError, type BuildPlan, type Builder } from './project.ts'

export const goBuilder: Builder = {
  language: 'go',
  recognises: ({ files }) => files.some((file) => file.endsWith('.go')),

  async plan(context): Promise<BuildPlan> {
    const main = await mainFiles(context)
    const folder = posix.dirname(main[0] ?? '.')
    const name = folder === '.' || folder === 'main' ? basename(context.directory) : basename(folder)
    const output = join(context.scratch, name)
    context.step(`compiling ${folder === '.' ? 'package main' : folder} (go build)`)
    const target = context.files.includes('go.mod') ? [`./${folder}`] : main
    const flags = ['-trimpath', '-buildvcs=false', '-ldflags=-s -w -buildid=']
    await context.run('go', ['build', ...flags, '-o', output, ...target], { env: { CGO_ENABLED: '0' } })
    return {
      language: 'go',
      layers: [{ createdBy: 'go build', entries: [{ from: output, to: name }] }],
      config: { WorkingDir: '/', Entrypoint: [`/${name}`] },
    }
  },
}

/** The files of the one folder whose package is main; what lies nearest to the root wins. */
async function mainFiles(context: BuildContext): Promise<string[]> {
  const byFolder = new Map<string, string[]>()
  for (const file of context.files) {
    if (!file.endsWith('.go') || file.endsWith('_test.go')) continue
    if (!/^package main\b/m.test(await context.readText(file))) continue
    const folder = dirname(file)
    byFolder.set(folder, [...(byFolder.get(folder) ?? []), file])
  }
  const folders = [...byFolder.keys()].sort((a, b) => a.split('/').length - b.split('/').length || (a < b ? -1 : 1))
  const [first, second] = folders
  if (first === undefined) throw new BuildError('there is no Go file of package main')
  if (second !== undefined && first !== '.' && first.split('/').length === second.split('/').length) {
    throw new BuildError(`several programs: ${folders.join(', ')}; build one of these folders`)
  }
  return byFolder.get(first) ?? []
}

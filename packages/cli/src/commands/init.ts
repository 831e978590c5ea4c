// `binnacle init [NAME]`: a small project that deploys as it is.

import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { CliError, exitCodes } from '../cli-error.ts'
import { type Template, templates } from '../project-templates.ts'

export async function init(name: string | undefined, { from }: { from: Template }): Promise<void> {
  const directory = resolve(name ?? '.')
  const application = basename(directory).toLowerCase()
  if (!/^[a-z]([-a-z0-9]{0,48}[a-z0-9])?$/.test(application))
    throw new CliError(
      `${basename(directory)} is no name of an application: use lower-case letters, digits and -, such as \`binnacle init shop\``,
      { exitCode: exitCodes.usage },
    )
  const there = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw new CliError(`cannot use ${directory}: ${error.message}`, { cause: error })
  })
  if (there.some((entry) => !entry.startsWith('.')))
    throw new CliError(`${directory} is not empty: choose another name, such as \`binnacle init ${application}-2\``)
  const files = templates[from](application)
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(directory, path)), { recursive: true })
    await writeFile(join(directory, path), content)
  }
  console.log(`wrote ${Object.keys(files).length} files to ${directory}`)
  console.log(`next: binnacle deploy ${name ?? '.'}`)
}

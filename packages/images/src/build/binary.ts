// A folder that holds one ready program (ELF or a script with an interpreter line) and perhaps its files.

import { open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type BuildContext, BuildError, type BuildPlan, type Builder } from './project.ts'

export const binaryBuilder: Builder = {
  language: 'binary',
  recognises: async (context) => (await programs(context)).length > 0,

  async plan(context): Promise<BuildPlan> {
    const [program, other] = await programs(context)
    if (program === undefined || other !== undefined) {
      throw new BuildError('several programs lie in the folder: leave one, or name the others in .dockerignore')
    }
    return {
      language: 'binary',
      layers: [
        {
          createdBy: 'copy',
          entries: context.files.map((file) => ({ from: join(context.directory, file), to: file })),
        },
      ],
      config: { WorkingDir: '/', Entrypoint: [`/${program}`] },
    }
  },
}

async function programs({ directory, files }: BuildContext): Promise<string[]> {
  const found = []
  for (const file of files) {
    if (!file.includes('/') && (await isProgram(join(directory, file)))) found.push(file)
  }
  return found
}

async function isProgram(path: string): Promise<boolean> {
  const { mode } = await stat(path)
  if ((mode & 0o111) === 0) return false
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0)
    const head = buffer.subarray(0, bytesRead).toString('latin1')
    return head === '\x7fELF' || head.startsWith('#!')
  } finally {
    await file.close()
  }
}

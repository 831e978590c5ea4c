// The JSON patch (RFC 6902) from one object to another. Lists are replaced as a whole.

export interface PatchOperation {
  op: 'add' | 'remove' | 'replace'
  path: string
  value?: unknown
}

export function jsonPatch(before: unknown, after: unknown, path = ''): PatchOperation[] {
  if (JSON.stringify(before) === JSON.stringify(after)) return []
  if (!isRecord(before) || !isRecord(after)) return [{ op: 'replace', path, value: after }]
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((key): PatchOperation[] => {
    const step = `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`
    if (after[key] === undefined) return [{ op: 'remove', path: step }]
    if (before[key] === undefined) return [{ op: 'add', path: step, value: after[key] }]
    return jsonPatch(before[key], after[key], step)
  })
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

// The Status object that sub-resources such as binding and eviction answer with.

import type { KubeObject } from '@binnacle/api'

export function success(code = 201): KubeObject {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code } as KubeObject
}

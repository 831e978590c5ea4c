// Wires of plain Kubernetes objects, read from their fields. They cannot be drawn; each says which field it is.

import type { WireKind } from './wire-kind.ts'

export const inferredWireKinds: readonly WireKind[] = []

// What is wrong with a field of an object, wherever the field is shown.

import type { Problem } from '@binnacle/canvas-core'

/** Its path is as the API server writes it: `spec.ports[0].port`. */
export type FieldProblem = Pick<Problem, 'path' | 'message' | 'severity'>

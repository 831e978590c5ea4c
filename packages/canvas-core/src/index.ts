// What other packages may use of `canvas-core`.
export * from './canvas-layout.ts'
export * from './collapse.ts'
export * from './commands.ts'
export * from './conflicts.ts'
export { asNew, contentOf, sameContent, withContent } from './content.ts'
export * from './diff.ts'
export {
  allConflicts,
  applicationKey,
  applyLive,
  applySnapshot,
  type CanvasDocument,
  type Conflict,
  conflictsOf,
  createDocument,
  type DocumentOptions,
  markComplete,
  objectOf,
  objectsOf,
  schemaOf,
  type StagedChange,
  type StagedConflict,
  withSchema,
} from './document.ts'
export type { DocumentChange, Entry, ObjectState } from './draft.ts'
export * from './field-path.ts'
export * from './free-name.ts'
export * from './history.ts'
export * from './object-key.ts'
export * from './openapi.ts'
export * from './rename-problem.ts'
export * from './schemas.ts'
export * from './wires/wire-kind.ts'
export * from './wires/wires.ts'
export * from './graph.ts'
export * from './presentation.ts'
export * from './releases.ts'
export type * from './problem.ts'
export * from './status.ts'
export { mergeThreeWays } from './three-way-merge.ts'
export * from './validate.ts'
export * from './arrange.ts'
export * from './deploy-effects.ts'
export * from './elk-layout.ts'
export * from './search.ts'

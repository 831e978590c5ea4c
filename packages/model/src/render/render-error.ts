// Something that rendering needs and the context does not say.

/** The pending ones end by themselves, as a rule: another resource has been made and is not as far yet. */
export type RenderReason =
  | 'ImageUnknown'
  | 'UseUnresolved'
  | 'UsePending'
  | 'BindingUnresolved'
  | 'BindingPending'
  | 'PortUnknown'
  | 'ProgramNotFound'

/** `field` is the path in the resource, `reason` the word for the condition, the message says what to do. */
export class RenderError extends Error {
  readonly field: string
  readonly reason: RenderReason
  constructor(field: string, reason: RenderReason, message: string) {
    super(message)
    this.name = 'RenderError'
    this.field = field
    this.reason = reason
  }
}

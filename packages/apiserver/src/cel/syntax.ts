// The syntax tree of CEL, as the parser makes it. Macros stay calls; the compiler expands them.
// Language: https://github.com/google/cel-spec/blob/master/doc/langdef.md

export type Expr = { readonly at: number } & (
  | { readonly type: 'literal'; readonly value: unknown }
  | { readonly type: 'ident'; readonly name: string }
  | { readonly type: 'select'; readonly target: Expr; readonly name: string; readonly optional: boolean }
  | { readonly type: 'index'; readonly target: Expr; readonly key: Expr; readonly optional: boolean }
  | { readonly type: 'call'; readonly target?: Expr; readonly name: string; readonly args: readonly Expr[] }
  | { readonly type: 'list'; readonly items: readonly { readonly value: Expr; readonly optional: boolean }[] }
  | {
      readonly type: 'map'
      readonly entries: readonly { readonly key: Expr; readonly value: Expr; readonly optional: boolean }[]
    }
  | {
      readonly type: 'message'
      readonly name: string
      readonly fields: readonly { readonly name: string; readonly value: Expr; readonly optional: boolean }[]
    }
)

/** What is wrong with the text of an expression, printed as cel-go prints it. */
export class CompileError extends Error {
  constructor(source: string, at: number, detail: string) {
    const before = source.slice(0, at).split('\n')
    const line = source.split('\n')[before.length - 1] ?? ''
    const column = before.at(-1)?.length ?? 0
    // Nothing has no first column, and nothing to show.
    const isEmpty = source === ''
    const where = `<input>:${before.length}:${isEmpty ? 0 : column + 1}`
    super(`ERROR: ${where}: ${detail}${isEmpty ? '' : `\n | ${line}\n | ${'.'.repeat(column)}^`}`)
    this.name = 'CompileError'
  }
}

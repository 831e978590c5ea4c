/** A command line on which a shell sees exactly these words. */
export function shellCommand(argv: readonly string[]): string {
  return argv.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ')
}

/** Why the system refused: `EACCES`, `EADDRINUSE`, …; the error itself in words where it has no code. */
export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : String(error)
}

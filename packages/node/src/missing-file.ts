// What a file that is not there stands for.

/** For `.catch`: gives `instead` where a file or folder is missing and throws every other error. */
export function ifMissing<T>(instead: T): (error: NodeJS.ErrnoException) => T {
  return (error) => {
    if (error.code === 'ENOENT') return instead
    throw error
  }
}

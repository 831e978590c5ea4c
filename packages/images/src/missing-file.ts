// What a file that is not there stands for.

/** For `.catch`: gives `instead` where nothing is at a path, and throws every other error. */
export function ifMissing<T>(instead: T): (error: NodeJS.ErrnoException) => T {
  return (error) => {
    // ENOTDIR: what should be a folder on the way is a file.
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return instead
    throw error
  }
}

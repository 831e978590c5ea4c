// What the bundler makes of an import that is not code: see scripts/bundle-canvas.ts.

declare module '*.css'

/** The text of a page of docs/. */
declare module '*.md' {
  const text: string
  export default text
}

declare module '*?worker' {
  /** Of the bundled script, for `new Worker(url)`. */
  export const url: string
}

// What the bundler makes of an import that is not code: see scripts/bundle-canvas.ts.

declare module '*.css'

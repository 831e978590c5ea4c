// What other packages may use of `canvas`: the server's half. The page is a program of its own; see src/web.
export { type CanvasServer, type CanvasServerOptions, startCanvasServer } from './server.ts'
export { type LoginLinkOptions, createLoginLink } from './login-links.ts'

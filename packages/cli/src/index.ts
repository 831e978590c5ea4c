// The command line is a program; what tests use of it.
export { createProgram, run } from './main.ts'

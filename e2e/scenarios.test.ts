// e2e/scenarios.md against the tests: each row that passes names a test of its number, each such test has a row, and no
// scenario is forgotten.

import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const scenarios = 152
const number = /\bA(\d+)\b/g
const numbersOf = (text: string): number[] => [...text.matchAll(number)].map(([, digits]) => Number(digits))

const tests = readdirSync(import.meta.dirname)
  .filter((name) => /^canvas-scenarios-.*\.test\.ts$/.test(name))
  .flatMap((file) => {
    const source = readFileSync(join(import.meta.dirname, file), 'utf8')
    return [...source.matchAll(/^ {2}it\('((?:A\d+ )+.*?)',/gm)].map(([, title = '']) => ({ file, title }))
  })

const page = readFileSync(join(import.meta.dirname, 'scenarios.md'), 'utf8')

/** `| A11 | what it was | pass | what shows it |` */
const rows = [...page.matchAll(/^\| (A\d+) \| (.+?) \| (pass|replaced|not yet) \| (.+?) \|$/gm)].map(
  ([, scenario = '', , state, shown = '']) => ({ scenario: Number(scenario.slice(1)), state, shown }),
)

describe('the scenarios', () => {
  it('are told of each once', () => {
    const told = [...rows.map(({ scenario }) => scenario), ...later(page)]
    expect(told.toSorted((a, b) => a - b)).toEqual(Array.from({ length: scenarios }, (_, index) => index + 1))
  })

  it('that pass are shown by the test that is named', () => {
    const passing = rows.filter(({ state }) => state === 'pass')
    const unshown = passing.filter(
      ({ scenario, shown }) =>
        !tests.some(({ title, file }) => shown.startsWith(`\`${file}\``) && leading(title).includes(scenario)),
    )
    expect(unshown).toEqual([])
    expect(passing.length).toBeGreaterThanOrEqual(45)
  })

  it('that have a test are told to pass', () => {
    const passing = new Set(rows.filter(({ state }) => state === 'pass').map(({ scenario }) => scenario))
    const untold = tests.flatMap(({ title }) => leading(title)).filter((scenario) => !passing.has(scenario))
    expect(untold).toEqual([])
  })
})

/** The numbers with which a title begins. */
function leading(title: string): number[] {
  return numbersOf(/^(?:A\d+ )+/.exec(title)?.[0] ?? '')
}

/** Of the list of later issues: `A16–A27` and `A8`. */
function later(text: string): number[] {
  const [, list = ''] = text.split('## Later issues')
  return [...list.matchAll(/\bA(\d+)(?:–A(\d+))?/g)].flatMap(([, first, last = first]) =>
    Array.from({ length: Number(last) - Number(first) + 1 }, (_, index) => Number(first) + index),
  )
}

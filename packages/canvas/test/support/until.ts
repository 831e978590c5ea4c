// Waits for what messages lead to.

/** A condition that is looked at whenever `look` is called. */
export class Until {
  readonly #waiting = new Set<() => void>()

  look(): void {
    for (const check of this.#waiting) check()
  }

  async holds(condition: () => boolean): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const check = (): void => {
      if (condition()) resolve()
    }
    this.#waiting.add(check)
    check()
    await promise
    this.#waiting.delete(check)
  }
}

// The whole text of what is cut short, on hover and on focus: any element with `data-tip`. One piece for the whole page, so
// that a thousand nodes with texts to show cost no more than one.

import { type JSX, useEffect, useState } from 'react'

interface Shown {
  text: string
  left: number
  /** From the top of the window, or from its bottom where there is no room below. */
  top?: number
  bottom?: number
}

const id = 'tip'
const delayMs = 400
const gap = 6
const roomBelow = 72
/** As wide as a tip may be, with its distance to the edge. */
const width = 332

export function Tips(): JSX.Element | undefined {
  const [shown, setShown] = useState<Shown>()
  useEffect(() => {
    let target: HTMLElement | undefined
    let timer = 0
    const leave = (): void => {
      clearTimeout(timer)
      target?.removeAttribute('aria-describedby')
      target = undefined
      setShown(undefined)
    }
    const meet = ({ target: met, type }: Event): void => {
      // On the tip itself it stays, so that its text can be read and marked.
      if (!(met instanceof Element) || met.id === id) return
      const next = met.closest<HTMLElement>('[data-tip]') ?? undefined
      if (next === target) return
      leave()
      if (next === undefined || !isCut(next)) return
      target = next
      timer = window.setTimeout(
        () => {
          if (!next.isConnected) return
          next.setAttribute('aria-describedby', id)
          setShown(placeOf(next))
        },
        type === 'focusin' ? 0 : delayMs,
      )
    }
    const escape = ({ key }: KeyboardEvent): void => {
      if (key === 'Escape') leave()
    }
    const ended = new AbortController()
    const { signal } = ended
    document.addEventListener('pointerover', meet, { signal })
    document.addEventListener('focusin', meet, { signal })
    document.addEventListener('focusout', leave, { signal })
    document.addEventListener('pointerdown', leave, { signal })
    document.addEventListener('wheel', leave, { signal, passive: true })
    document.addEventListener('keydown', escape, { signal })
    return () => {
      ended.abort()
      leave()
    }
  }, [])
  if (shown === undefined) return undefined
  const { text, ...place } = shown
  return (
    <div id={id} className="tip" role="tooltip" style={{ position: 'fixed', ...place }}>
      {text}
    </div>
  )
}

/** What is clipped and fits all the same needs no second reading. */
function isCut(element: HTMLElement): boolean {
  return !element.classList.contains('clip') || element.scrollWidth > element.clientWidth
}

function placeOf(element: HTMLElement): Shown {
  const box = element.getBoundingClientRect()
  const text = element.dataset['tip'] ?? ''
  const left = Math.max(8, Math.min(box.left, window.innerWidth - width))
  return box.bottom + roomBelow < window.innerHeight
    ? { text, left, top: box.bottom + gap }
    : { text, left, bottom: window.innerHeight - box.top + gap }
}

// Four steps over the page, beside what they are about. Left at any moment; never in the way of the page itself.

import { type JSX, useEffect, useState } from 'react'
import { setView, useCanvas } from '../state/store.ts'
import { texts } from '../texts.ts'

export function Tour({ onLeave }: { onLeave: () => void }): JSX.Element | undefined {
  const [step, setStep] = useState(0)
  const [place, setPlace] = useState<{ left: number; top: number }>({ left: 80, top: 80 })
  const { steps } = texts.tour
  const current = steps[step]

  useEffect(() => {
    const follow = (): void => {
      const box = document.querySelector(current?.at ?? 'body')?.getBoundingClientRect()
      if (box !== undefined) setPlace(placeBeside(box))
    }
    follow()
    window.addEventListener('resize', follow)
    return () => window.removeEventListener('resize', follow)
  }, [current])

  const isReading = useCanvas((state) => state.guide !== undefined)
  if (current === undefined || isReading) return undefined
  const isLast = step === steps.length - 1
  return (
    <div
      className="tour"
      role="dialog"
      aria-label={current.title}
      style={place}
      onKeyDown={({ key }) => key === 'Escape' && onLeave()}
    >
      <h2>{current.title}</h2>
      <p>
        {current.text}{' '}
        <button className="link" onClick={() => setView({ guide: `canvas.md#${current.guide}` })}>
          {texts.guide.more}
        </button>
      </p>
      <footer>
        <span className="meta grow">{texts.tour.step(step + 1, steps.length)}</span>
        <button className="btn bare" onClick={onLeave}>
          {texts.tour.leave}
        </button>
        <button className="btn p" autoFocus onClick={() => (isLast ? onLeave() : setStep(step + 1))}>
          {isLast ? texts.tour.done : texts.tour.next}
        </button>
      </footer>
    </div>
  )
}

/** Beside what a step is about, or over it where it fills the page. */
function placeBeside(box: DOMRect): { left: number; top: number } {
  const isWide = box.width > window.innerWidth / 2
  const beside = box.left > window.innerWidth / 2 ? box.left - 340 : box.right + 16
  return {
    left: clamp(isWide ? box.left + 40 : beside, window.innerWidth - 340),
    top: clamp(isWide ? box.top + 40 : box.top + 24, window.innerHeight - 200),
  }
}

function clamp(value: number, max: number): number {
  return Math.max(12, Math.min(value, max))
}

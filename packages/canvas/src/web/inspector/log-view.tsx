// Logs of all replicas: followed, searched, filtered, wrapped, downloaded. Only the lines on the screen are drawn.

import { useVirtualizer } from '@tanstack/react-virtual'
import { type JSX, useDeferredValue, useEffect, useMemo, useRef, useState } from 'react'
import type { LogLine, LogSource } from '../data/log-lines.ts'
import { objectKey } from '@binnacle/canvas-core'
import type { TextStreams } from '../data/text-streams.ts'
import { type LogBegin, select, useCanvas } from '../state/store.ts'
import { texts } from '../texts.ts'
import { Icon } from '../ui/icons.tsx'
import { podHues, shortPod, useLines } from './log-lines.ts'

interface LogViewProps {
  streams: TextStreams
  namespace: string
  sources: readonly LogSource[]
  /** Said where there is nothing to follow. */
  nothing: string
  /** How it begins: what is looked for is known where trouble led here. */
  begin?: LogBegin | undefined
}

export function LogView({ streams, namespace, sources, nothing, begin }: LogViewProps): JSX.Element {
  const [filter, setFilter] = useState('')
  const [isOnlyMatches, setOnlyMatches] = useState(true)
  const [current, setCurrent] = useState(0)
  const [isFollowing, setFollowing] = useState(true)
  const [isWrapped, setWrapped] = useState(false)
  const [isErrorsOnly, setErrorsOnly] = useState(begin === 'errors')
  const [isPrevious, setPrevious] = useState(begin === 'previous')
  const { follower, lines } = useLines(streams, { namespace, sources, previous: isPrevious })
  const words = useDeferredValue(filter.trim().toLowerCase())
  const shown = useMemo(
    () =>
      (words === '' || !isOnlyMatches) && !isErrorsOnly
        ? lines
        : lines.filter((line) => (!isErrorsOnly || line.level === 'error') && (!isOnlyMatches || isMatch(line, words))),
    [lines, words, isErrorsOnly, isOnlyMatches],
  )
  /** Places of the lines that match, where the others are shown too. */
  const matches = useMemo(
    () => (isOnlyMatches || words === '' ? [] : shown.flatMap((line, index) => (isMatch(line, words) ? [index] : []))),
    [shown, words, isOnlyMatches],
  )
  const scroll = useRef<HTMLDivElement>(null)
  const virtual = useVirtualizer({
    count: shown.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => 19,
    overscan: 20,
    getItemKey: (index) => shown[index]?.id ?? index,
  })
  useEffect(() => {
    if (isFollowing && shown.length > 0) virtual.scrollToIndex(shown.length - 1)
  }, [isFollowing, shown.length, virtual])
  const goToMatch = (step: 1 | -1): void => {
    if (matches.length === 0) return
    const next = (Math.min(current, matches.length - 1) + step + matches.length) % matches.length
    setCurrent(next)
    setFollowing(false)
    virtual.scrollToIndex(matches[next] ?? 0, { align: 'center' })
  }
  const hues = useMemo(() => podHues(sources), [sources])
  const problems = [...follower.problems.values()]

  return (
    <div className="log-view">
      <div className="log-bar" role="toolbar" aria-label={texts.logs.toolbar}>
        <input
          className="input"
          type="search"
          value={filter}
          placeholder={texts.logs.filter}
          aria-label={texts.logs.filter}
          onChange={(event) => setFilter(event.target.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || isOnlyMatches) return
            event.preventDefault()
            event.stopPropagation()
            goToMatch(event.shiftKey ? -1 : 1)
          }}
          data-hotkey="/"
        />
        <button className="btn" aria-pressed={isOnlyMatches} onClick={() => setOnlyMatches(!isOnlyMatches)}>
          {texts.logs.onlyMatches}
        </button>
        {!isOnlyMatches && words !== '' && (
          <>
            <span className="meta" role="status">
              {texts.logs.match(matches.length === 0 ? 0 : Math.min(current, matches.length - 1) + 1, matches.length)}
            </span>
            <button className="btn icon" aria-label={texts.logs.before} onClick={() => goToMatch(-1)}>
              <Icon name="up" />
            </button>
            <button className="btn icon" aria-label={texts.logs.next} onClick={() => goToMatch(1)}>
              <Icon name="down" />
            </button>
          </>
        )}
        <button className="btn" aria-pressed={isErrorsOnly} onClick={() => setErrorsOnly(!isErrorsOnly)}>
          {texts.logs.errors}
        </button>
        <button className="btn" aria-pressed={isFollowing} onClick={() => setFollowing(!isFollowing)}>
          {texts.logs.follow}
        </button>
        <button className="btn" aria-pressed={isWrapped} onClick={() => setWrapped(!isWrapped)}>
          {texts.logs.wrap}
        </button>
        <button className="btn" aria-pressed={isPrevious} onClick={() => setPrevious(!isPrevious)}>
          {texts.logs.previous}
        </button>
        <button className="btn icon" aria-label={texts.logs.download} onClick={() => download(shown)}>
          <Icon name="download" />
        </button>
      </div>
      {problems.length > 0 && <p className="problem log-problem">{problems[0]}</p>}
      <div
        ref={scroll}
        className="logs"
        data-wrapped={isWrapped}
        tabIndex={0}
        role="log"
        aria-live="off"
        aria-label={texts.logs.title}
        onWheel={(event) => event.deltaY < 0 && setFollowing(false)}
        onKeyDown={({ key }) => {
          if (key === 'ArrowUp' || key === 'PageUp' || key === 'Home') setFollowing(false)
          else if (key === 'End') setFollowing(true)
        }}
      >
        {shown.length === 0 && (
          <p className="quiet">
            {sources.length === 0 ? nothing : lines.length === 0 ? texts.logs.none : texts.logs.noMatch}
          </p>
        )}
        <div style={{ height: virtual.getTotalSize(), position: 'relative' }}>
          {virtual.getVirtualItems().map((item) => {
            const line = shown[item.index]
            if (line === undefined) return undefined
            return (
              <div
                key={item.key}
                ref={virtual.measureElement}
                data-index={item.index}
                className={`log-line ${line.level}`}
                data-current={matches[Math.min(current, matches.length - 1)] === item.index}
                style={{ transform: `translateY(${item.start}px)` }}
              >
                <span className="quiet">{line.time.slice(11, 19)}</span>{' '}
                <button
                  className="log-pod"
                  tabIndex={-1}
                  style={{ color: `var(${hues.get(line.pod) ?? '--tx-3'})` }}
                  onClick={() => showPod(namespace, line.pod)}
                >
                  {shortPod(line.pod)}
                </button>{' '}
                <Marked text={line.text} words={words} />
              </div>
            )
          })}
        </div>
      </div>
    </div>
  )
}

function isMatch({ text, pod }: LogLine, words: string): boolean {
  return words === '' || text.toLowerCase().includes(words) || pod.includes(words)
}

/** From a line to the object that wrote it. */
function showPod(namespace: string, name: string): void {
  const { graph } = useCanvas.getState()
  const pod = objectKey({ kind: 'Pod', group: '', namespace, name })
  const shown = graph.nodeOf.get(pod) ?? pod
  if (graph.byKey.has(shown)) select([shown])
}

/** The text with what is looked for marked. */
function Marked({ text, words }: { text: string; words: string }): JSX.Element {
  const at = words === '' ? -1 : text.toLowerCase().indexOf(words)
  if (at < 0) return <>{text}</>
  return (
    <>
      {text.slice(0, at)}
      <mark>{text.slice(at, at + words.length)}</mark>
      <Marked text={text.slice(at + words.length)} words={words} />
    </>
  )
}

function download(lines: readonly LogLine[]): void {
  const text = lines.map(({ time, pod, text: words }) => `${time} ${pod} ${words}\n`)
  const url = URL.createObjectURL(new Blob(text, { type: 'text/plain' }))
  const link = document.createElement('a')
  link.href = url
  link.download = 'logs.txt'
  link.click()
  URL.revokeObjectURL(url)
}

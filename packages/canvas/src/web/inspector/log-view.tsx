// Logs of all replicas: followed, searched, filtered, wrapped, downloaded. Only the lines on the screen are drawn.

import { useVirtualizer } from '@tanstack/react-virtual'
import { type JSX, useDeferredValue, useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react'
import { LogFollower, type LogLine, type LogSource } from '../data/log-lines.ts'
import type { TextStreams } from '../data/text-streams.ts'
import { texts } from '../texts.ts'
import { Icon } from '../ui/icons.tsx'

interface LogViewProps {
  streams: TextStreams
  namespace: string
  sources: readonly LogSource[]
  /** Said where there is nothing to follow. */
  nothing: string
  initialFilter?: string
}

const podHues = ['--fn', '--db', '--svc', '--gw', '--ev', '--ok', '--run'] as const

function useLines(
  streams: TextStreams,
  { namespace, sources, previous }: { namespace: string; sources: readonly LogSource[]; previous: boolean },
): { follower: LogFollower; lines: readonly LogLine[] } {
  const [store] = useState(() => {
    const listeners = new Set<() => void>()
    return {
      listeners,
      notify: () => {
        for (const listener of listeners) listener()
      },
    }
  })
  const follower = useMemo(
    () => new LogFollower({ streams, namespace, previous, changed: store.notify }),
    [streams, namespace, previous, store],
  )
  useEffect(() => () => follower.close(), [follower])
  const wanted = sources.map(({ pod, container, restarts }) => `${pod}/${container}/${restarts}`).join(' ')
  useEffect(() => {
    follower.follow(sources)
    // The sources are named by `wanted`; the list itself is made anew with each event.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [follower, wanted])
  const lines = useSyncExternalStore(
    (listener) => {
      store.listeners.add(listener)
      return () => store.listeners.delete(listener)
    },
    () => follower.lines,
  )
  return { follower, lines }
}

export function LogView({ streams, namespace, sources, nothing, initialFilter = '' }: LogViewProps): JSX.Element {
  const [filter, setFilter] = useState(initialFilter)
  const [isFollowing, setFollowing] = useState(true)
  const [isWrapped, setWrapped] = useState(false)
  const [isErrorsOnly, setErrorsOnly] = useState(false)
  const [isPrevious, setPrevious] = useState(false)
  const { follower, lines } = useLines(streams, { namespace, sources, previous: isPrevious })
  const words = useDeferredValue(filter.trim().toLowerCase())
  const shown = useMemo(
    () =>
      words === '' && !isErrorsOnly
        ? lines
        : lines.filter(
            ({ text, pod, level }) =>
              (!isErrorsOnly || level === 'error') &&
              (words === '' || text.toLowerCase().includes(words) || pod.includes(words)),
          ),
    [lines, words, isErrorsOnly],
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
  const hues = useMemo(() => {
    const pods = [...new Set(sources.map(({ pod }) => pod))].toSorted()
    return new Map(pods.map((pod, index) => [pod, podHues[index % podHues.length] ?? '--fn']))
  }, [sources])
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
          data-hotkey="/"
        />
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
                style={{ transform: `translateY(${item.start}px)` }}
              >
                <span className="quiet">{line.time.slice(11, 19)}</span>{' '}
                <span style={{ color: `var(${hues.get(line.pod) ?? '--tx-3'})` }}>{shortPod(line.pod)}</span>{' '}
                {line.text}
              </div>
            )
          })}
        </div>
      </div>
    </div>
  )
}

/** `api-7c9fd-x2k4q` → `7c9fd-x2k4q` cut to what tells replicas apart. */
export function shortPod(name: string): string {
  const parts = name.split('-')
  return parts.length > 2
    ? parts
        .slice(-2)
        .map((part) => part.slice(0, 5))
        .join('-')
    : name
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

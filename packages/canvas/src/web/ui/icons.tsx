// The icons: one stroke, 16 px, drawn here so that the page needs nothing from elsewhere.

import type { JSX } from 'react'

const paths = {
  svc: 'M8 1.8 13.5 5v6L8 14.2 2.5 11V5zM2.5 5 8 8.2 13.5 5M8 8.2v6',
  fn: 'M3 13 6.6 3.6h1.6L12.6 13M4.6 9h4',
  db: 'M3 3.8c0-1.1 2.2-2 5-2s5 .9 5 2-2.2 2-5 2-5-.9-5-2v8.4c0 1.1 2.2 2 5 2s5-.9 5-2V3.8M3 8c0 1.1 2.2 2 5 2s5-.9 5-2',
  gw: 'M2 8h4m4 0h4M6 3v10M10 3v10M12 6l2 2-2 2',
  ev: 'M9 1.8 3.5 9H8l-1 5.2L12.5 7H8z',
  obj: 'M3 3h10v10H3zM3 6.5h10M6.5 6.5V13',
  note: 'M3 2.5h10v7.5L9.5 13.5H3zM9.5 13.5V10H13',
  ok: 'M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0zM5.4 8.2l1.8 1.8 3.4-3.8',
  bad: 'M8 1.6 14.4 8 8 14.4 1.6 8zM8 5v3.6M8 11v.1',
  warn: 'M8 2 14.5 13.5h-13zM8 6.2v3.4M8 11.6v.1',
  run: 'M8 2a6 6 0 1 1-5.6 3.9M2.2 2.6v3.4h3.4',
  zzz: 'M12.8 9.6A5.4 5.4 0 1 1 6.4 3.2a4.4 4.4 0 0 0 6.4 6.4z',
  unknown:
    'M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0zM6.2 6.4c.2-1.1 1-1.7 1.9-1.7 1 0 1.8.7 1.8 1.6 0 1.3-1.9 1.5-1.9 2.7M8 11.2v.1',
  plus: 'M8 3v10M3 8h10',
  minus: 'M3 8h10',
  fit: 'M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10',
  tidy: 'M2.5 3h4v3h-4zM9.5 10h4v3h-4zM6.5 4.5h3a2 2 0 0 1 2 2V10',
  find: 'M11.2 7a4.2 4.2 0 1 1-8.4 0 4.2 4.2 0 0 1 8.4 0zM10.2 10.2l3.3 3.3',
  beside: 'M2.5 3h11v10h-11zM8 3v10',
  close: 'M4 4l8 8M12 4l-8 8',
  chevron: 'M6 4l4 4-4 4',
  down: 'M4 6l4 4 4-4',
  up: 'M4 10l4-4 4 4',
  more: 'M3.5 8h.1M8 8h.1M12.5 8h.1',
  undo: 'M5.5 3 2.5 6l3 3M2.5 6H10a3.5 3.5 0 0 1 0 7H6',
  redo: 'M10.5 3l3 3-3 3M13.5 6H6a3.5 3.5 0 0 0 0 7h4',
  copy: 'M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3',
  trash: 'M3 4.5h10M6.5 4.5v-2h3v2M4.5 4.5l.6 9h5.8l.6-9M7 7v4M9 7v4',
  link: 'M6.6 9.4l2.8-2.8M7.4 4.9l1.4-1.4a2.6 2.6 0 0 1 3.7 3.7l-1.4 1.4M8.6 11.1l-1.4 1.4a2.6 2.6 0 0 1-3.7-3.7l1.4-1.4',
  out: 'M9 2.5h4.5V7M13.5 2.5 7.5 8.5M11.5 9.5v4h-9v-9h4',
  terminal: 'M2.5 3h11v10h-11zM5 6.2 7 8l-2 1.8M8.2 10.2h3',
  log: 'M3 3.5h10M3 6.5h7M3 9.5h10M3 12.5h5',
  pulse: 'M1.8 8h3l2-5 2.6 10 2-5h2.8',
  sun: 'M10.8 8a2.8 2.8 0 1 1-5.6 0 2.8 2.8 0 0 1 5.6 0zM8 1.5v1.4M8 13.1v1.4M1.5 8h1.4M13.1 8h1.4M3.4 3.4l1 1M11.6 11.6l1 1M3.4 12.6l1-1M11.6 4.4l1-1',
  moon: 'M12.8 9.6A5.4 5.4 0 1 1 6.4 3.2a4.4 4.4 0 0 0 6.4 6.4z',
  list: 'M5.5 4h8M5.5 8h8M5.5 12h8M2.6 4h.1M2.6 8h.1M2.6 12h.1',
  map: 'M2.5 4v9l3.7-1.6 3.6 1.6 3.7-1.6v-9L9.8 4 6.2 2.4zM6.2 2.4v9M9.8 4v9',
  group: 'M2.5 5V2.5H5M11 2.5h2.5V5M13.5 11v2.5H11M5 13.5H2.5V11M5.5 5.5h5v5h-5z',
  history: 'M2.4 8a5.6 5.6 0 1 0 1.8-4.1M2.5 2.3v2.6h2.6M8 5v3.2l2.2 1.4',
  play: 'M5 3l7.5 5L5 13z',
  break: 'M9 1.8 4.6 8.4h3L6.4 14.2 11.4 6.6H8.2z',
  help: 'M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0zM6.2 6.4c.2-1.1 1-1.7 1.9-1.7 1 0 1.8.7 1.8 1.6 0 1.3-1.9 1.5-1.9 2.7M8 11.2v.1',
  lock: 'M3.5 7h9v6.5h-9zM5.5 7V5a2.5 2.5 0 0 1 5 0v2',
  left: 'M2.5 2v12M5 4h8.5v2.5H5zM5 9.5h5V12H5z',
  center: 'M8 2v12M3.5 4h9v2.5h-9zM5.5 9.5h5V12h-5z',
  right: 'M13.5 2v12M2.5 4H11v2.5H2.5zM6 9.5h5V12H6z',
  top: 'M2 2.5h12M4 5v8.5h2.5V5zM9.5 5v5H12V5z',
  middle: 'M2 8h12M4 3.5v9h2.5v-9zM9.5 5.5v5H12v-5z',
  bottom: 'M2 13.5h12M4 2.5V11h2.5V2.5zM9.5 6v5H12V6z',
  across: 'M2.5 2v12M13.5 2v12M6.5 4.5h3v7h-3z',
  along: 'M2 2.5h12M2 13.5h12M4.5 6.5h7v3h-7z',
  download: 'M8 2.5v7.5M5 7l3 3 3-3M2.5 13.5h11',
} as const

export type IconName = keyof typeof paths

/** Decoration beside a word: hidden from screen readers, which read the word. */
export function Icon({ name, size }: { name: IconName; size?: number }): JSX.Element {
  return (
    <svg
      className="i"
      viewBox="0 0 16 16"
      aria-hidden="true"
      {...(size === undefined ? {} : { style: { width: size, height: size } })}
    >
      <path d={paths[name]} />
    </svg>
  )
}

/** The mark: a compass needle in its housing. */
export function Mark(): JSX.Element {
  return (
    <svg
      width="22"
      height="22"
      viewBox="0 0 22 22"
      fill="none"
      stroke="var(--primary)"
      strokeWidth="1.7"
      aria-hidden="true"
    >
      <circle cx="11" cy="11" r="8.6" />
      <path d="m11 4.2 2.4 6.8L11 17.8 8.6 11z" fill="var(--primary)" fillOpacity=".25" />
      <path d="M8.6 11h4.8" />
    </svg>
  )
}

// A shell in a container: exec over the API's WebSocket (v5.channel.k8s.io). Loaded when it is opened.

import { FitAddon } from '@xterm/addon-fit'
import { Terminal as Xterm } from '@xterm/xterm'
import { type JSX, useEffect, useRef, useState } from 'react'
import { texts } from '../texts.ts'

interface TerminalProps {
  namespace: string
  pod: string
  container: string
}

/** Channels of the remote command protocol, version 5. */
const channel = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4 } as const

/** A shell if there is one: images without any have nothing to offer, and the API says so. */
const shell = ['sh', '-c', 'command -v bash >/dev/null && exec bash || exec sh']

export function Terminal({ namespace, pod, container }: TerminalProps): JSX.Element {
  const host = useRef<HTMLDivElement>(null)
  const [round, setRound] = useState(0)
  const [end, setEnd] = useState('')

  useEffect(() => {
    const element = host.current
    if (element === null) return undefined
    setEnd('')
    const style = getComputedStyle(element)
    const terminal = new Xterm({
      fontFamily: style.getPropertyValue('--mono'),
      fontSize: 12,
      screenReaderMode: true,
    })
    const paint = (): void => {
      const colour = (name: string): string => style.getPropertyValue(name).trim()
      terminal.options.theme = {
        background: colour('--s-0'),
        foreground: colour('--tx'),
        cursor: colour('--primary'),
      }
    }
    paint()
    const repaint = new MutationObserver(paint)
    repaint.observe(document.documentElement, { attributeFilter: ['data-theme'] })
    const fit = new FitAddon()
    terminal.loadAddon(fit)
    terminal.open(element)
    fit.fit()
    const query = new URLSearchParams({ container, stdin: 'true', stdout: 'true', tty: 'true' })
    for (const word of shell) query.append('command', word)
    const socket = new WebSocket(
      `${location.origin.replace('http', 'ws')}/k8s/api/v1/namespaces/${namespace}/pods/${pod}/exec?${query}`,
      ['v5.channel.k8s.io', 'v4.channel.k8s.io'],
    )
    socket.binaryType = 'arraybuffer'
    const encoder = new TextEncoder()
    const decoder = new TextDecoder()
    const send = (to: number, text: string): void => {
      if (socket.readyState !== WebSocket.OPEN) return
      const words = encoder.encode(text)
      const frame = new Uint8Array(words.length + 1)
      frame[0] = to
      frame.set(words, 1)
      socket.send(frame)
    }
    const resize = (): void => send(channel.resize, JSON.stringify({ Width: terminal.cols, Height: terminal.rows }))
    socket.addEventListener('open', () => {
      resize()
      terminal.focus()
    })
    socket.addEventListener('message', ({ data }: MessageEvent<ArrayBuffer>) => {
      const frame = new Uint8Array(data)
      if (frame[0] === channel.error) setEnd(endOf(decoder.decode(frame.subarray(1))))
      else terminal.write(frame.subarray(1))
    })
    socket.addEventListener('close', () => setEnd((known) => (known === '' ? texts.terminal.closed : known)))
    const typed = terminal.onData((text) => send(channel.stdin, text))
    const observer = new ResizeObserver(() => {
      fit.fit()
      resize()
    })
    observer.observe(element)
    return () => {
      observer.disconnect()
      repaint.disconnect()
      typed.dispose()
      socket.close()
      terminal.dispose()
    }
  }, [namespace, pod, container, round])

  return (
    <div className="terminal">
      <div ref={host} className="terminal-host" />
      {end !== '' && (
        <p className="terminal-end" role="status">
          {end}{' '}
          <button className="btn" onClick={() => setRound(round + 1)}>
            {texts.terminal.again}
          </button>
        </p>
      )}
    </div>
  )
}

/** The Status with which the server ends the session, as a sentence. */
function endOf(status: string): string {
  try {
    const { status: result, message = '' } = JSON.parse(status) as { status?: string; message?: string }
    return result === 'Success' ? texts.terminal.ended : message
  } catch {
    // Version 4 may end with a plain sentence.
    return status
  }
}

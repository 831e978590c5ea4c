// A part that fails says so and can be tried again; what is staged is kept by the store.

import { Component, type ErrorInfo, type ReactNode } from 'react'
import { texts } from '../texts.ts'

export class ErrorBoundary extends Component<{ children: ReactNode }, { message: string | undefined }> {
  override state: { message: string | undefined } = { message: undefined }

  static getDerivedStateFromError(error: unknown): { message: string } {
    return { message: error instanceof Error ? error.message : String(error) }
  }

  override componentDidCatch(error: unknown, { componentStack }: ErrorInfo): void {
    console.error(error, componentStack)
  }

  override render(): ReactNode {
    const { message } = this.state
    if (message === undefined) return this.props.children
    return (
      <main className="empty" role="alert">
        <h1>{texts.errors.crash}</h1>
        <p className="mono">{message}</p>
        <button className="btn" onClick={() => this.setState({ message: undefined })}>
          {texts.retry}
        </button>
      </main>
    )
  }
}

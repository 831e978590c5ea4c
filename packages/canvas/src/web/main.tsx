// The page's entry: theme, then who and where, then the page.

import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './shell/app.tsx'
import { ErrorBoundary } from './shell/error-boundary.tsx'
import { messageOf, start } from './state/session.ts'
import { applyTheme, currentTheme } from './state/theme.ts'
import '@xterm/xterm/css/xterm.css'
import '@xyflow/react/dist/base.css'
import 'uplot/dist/uPlot.min.css'
import './styles/tokens.css'
import './styles/base.css'
import './styles/app.css'
import './styles/graph.css'
import { texts } from './texts.ts'

applyTheme(currentTheme())

const element = document.getElementById('root')
if (element === null) throw new Error('the page has no element #root')
const root = createRoot(element)

try {
  await start()
  root.render(
    <StrictMode>
      <ErrorBoundary>
        <App />
      </ErrorBoundary>
    </StrictMode>,
  )
} catch (error) {
  root.render(
    <main className="empty">
      <h1>{texts.errors.boot}</h1>
      <p>{messageOf(error)}</p>
    </main>,
  )
}

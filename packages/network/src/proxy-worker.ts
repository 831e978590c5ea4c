// Entry of the data plane's thread.

import { parentPort } from 'node:worker_threads'
import { DataPlane } from './data-plane.ts'
import type { ProxyCommand } from './frontend.ts'

const port = parentPort
if (port === null) throw new Error('proxy-worker runs as a worker thread only')

const plane = new DataPlane((report) => {
  port.postMessage(report)
  if (report.type === 'closed') port.close()
})
port.on('message', (command: ProxyCommand) => plane.command(command))

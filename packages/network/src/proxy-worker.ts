// Entry of the data plane's thread.

import { parentPort, workerData } from 'node:worker_threads'
import { DataPlane } from './data-plane.ts'
import type { ProxyCommand, ProxyReport, ProxyWorkerData } from './frontend.ts'

const port = parentPort
if (port === null) throw new Error('proxy-worker runs as a worker thread only')

const { marker } = workerData as ProxyWorkerData
const report = (said: ProxyReport): void => {
  port.postMessage(said)
  if (said.type === 'closed') port.close()
}
const plane = new DataPlane(report, { marker })
port.on('message', (command: ProxyCommand) => plane.command(command))
